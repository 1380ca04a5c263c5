using DemoVlp.Contracts.Videos;
using DemoVlp.ServiceDefaults;
using MassTransit;

namespace DemoVlp.RegionExtraction.Detectors;

/// <summary>Tells which detector is in use, soon after it changes and from time to time: who asks may have come later, or missed it.</summary>
internal sealed class DetectorAnnouncer(DetectorWorker worker, IBus bus, IHostApplicationLifetime lifetime, ILogger<DetectorAnnouncer> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1), Again = TimeSpan.FromMinutes(1), Patience = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        DetectorInfo? told = null;
        var toldAt = 0L;
        while (!stoppingToken.IsCancellationRequested)
        {
            if (worker.Current is { } detector && (detector != told || Environment.TickCount64 - toldAt > Again.TotalMilliseconds) && await TellAsync(detector, stoppingToken))
                (told, toldAt) = (detector, Environment.TickCount64);
            await Task.Delay(Look, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TellAsync(DetectorInfo detector, CancellationToken stoppingToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        patience.CancelAfter(Patience);
        try
        {
            await bus.Publish(new DetectorLoaded { Name = detector.Name, Sha256 = detector.Hash, LoadedAt = detector.LoadedAt }, patience.Token);
            return true;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning(e, "Nobody can be told of the detector {Detector} now.", detector.Name);
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
