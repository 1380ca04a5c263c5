using DemoVlp.Database;
using DemoVlp.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Evaluations;

/// <summary>The worker of this process: takes one evaluation after another, beside the training runs.</summary>
internal sealed partial class EvaluationRunner(
    IServiceScopeFactory scopes, EvaluationLeases leases, IOptions<TrainingOptions> options, IHostApplicationLifetime lifetime, IConfiguration configuration, ILogger<EvaluationRunner> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly string owner = $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.NewGuid():n}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        var reclaim = DatabaseProvider.Read(configuration) == DatabaseProvider.Sqlite;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (reclaim) await leases.ReclaimAsync(stoppingToken);
                reclaim = false;
                if (await leases.ClaimAsync(owner, stoppingToken) is { } evaluation)
                {
                    await using var scope = scopes.CreateAsyncScope();
                    await using var held = new HeldEvaluation(evaluation, owner, leases, TimeSpan.FromSeconds(options.Value.LeaseSeconds), log, stoppingToken);
                    await scope.ServiceProvider.GetRequiredService<EvaluationExecution>().ExecuteAsync(held);
                    continue;
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e);
            }
            await Task.Delay(Pause, stoppingToken);
        }
    }

    [LoggerMessage(LogLevel.Error, "The worker for evaluations failed outside an evaluation; it goes on.")]
    private partial void LogFailed(Exception exception);
}
