using DemoVlp.Database;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Announcements;
using MassTransit;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Runs;

/// <summary>The worker of this process: takes one run after another.</summary>
internal sealed partial class TrainingRunner(
    IServiceScopeFactory scopes, RunLeases leases, IBus bus, IOptions<TrainingOptions> options, IHostApplicationLifetime lifetime, IConfiguration configuration, ILogger<TrainingRunner> log) : BackgroundService
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
                if (await leases.ClaimAsync(owner, stoppingToken) is { } run)
                {
                    await using var scope = scopes.CreateAsyncScope();
                    await using (var held = new HeldRun(run, owner, leases, bus, options, log, stoppingToken))
                        await scope.ServiceProvider.GetRequiredService<RunExecution>().ExecuteAsync(held);
                    await scope.ServiceProvider.GetRequiredService<Announcer>().AnnounceAsync(stoppingToken);
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

    [LoggerMessage(LogLevel.Error, "The training worker failed outside a run; it goes on.")]
    private partial void LogFailed(Exception exception);
}
