using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Announcements;

/// <summary>Calls the <see cref="Announcer"/> at start and every few seconds, and counts runs for the metrics.</summary>
internal sealed partial class AnnouncementSweep(IServiceScopeFactory scopes, IHostApplicationLifetime lifetime, ILogger<AnnouncementSweep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static IReadOnlyDictionary<string, int> runs = new Dictionary<string, int>();

    static AnnouncementSweep() => Telemetry.Meter.CreateObservableGauge("demovlp.training.runs",
        () => runs.Select(r => new System.Diagnostics.Metrics.Measurement<int>(r.Value, new KeyValuePair<string, object?>("state", r.Key))),
        "{run}", "Training runs by state.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        for (var first = true; ; first = false)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<Announcer>().AnnounceAsync(stoppingToken, repeatAll: first);
                runs = await scope.ServiceProvider.GetRequiredService<TrainingDbContext>().Runs.GroupBy(r => r.State)
                    .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e);
            }
            await Task.Delay(Interval, stoppingToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The sweep over what is to be published failed; it goes on in a few seconds.")]
    private partial void LogFailed(Exception exception);
}
