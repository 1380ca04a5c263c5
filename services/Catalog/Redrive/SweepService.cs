using DemoVlp.Catalog.Data;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace DemoVlp.Catalog.Redrive;

/// <summary>Runs the sweep from time to time, and first of all when the bus is up.</summary>
internal sealed class SweepService(
    IServiceScopeFactory scopes, IOptions<CatalogOptions> options, IConfiguration configuration, IHostApplicationLifetime lifetime, CatalogMetrics metrics, ILogger<SweepService> log)
    : BackgroundService
{
    private static readonly TimeSpan Daily = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        var restart = BusTransport.Read(configuration) == BusTransport.InMemory;
        var orphansAt = DateTime.MinValue;
        var every = TimeSpan.FromTicks(Math.Min(options.Value.RedriveAfter.Ticks / 4, TimeSpan.FromSeconds(15).Ticks));
        using var timer = new PeriodicTimer(every);
        do
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var sweep = scope.ServiceProvider.GetRequiredService<VideoSweep>();
                if (restart) await sweep.RestartAsync(Clock.Now, stoppingToken);
                restart = false;
                await sweep.RunAsync(Clock.Now, stoppingToken);
                metrics.VideosByStatus = await sweep.CountAsync(stoppingToken);
                if (Clock.Now < orphansAt) continue;
                await scope.ServiceProvider.GetRequiredService<OrphanedSources>().RemoveAsync(Clock.Now, stoppingToken);
                orphansAt = Clock.Now + Daily;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // The database or the disk is away: the next round may find it back.
                log.LogWarning(e, "The sweep could not finish its round.");
            }
        }
        while (await TickAsync(timer, stoppingToken));
    }

    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
