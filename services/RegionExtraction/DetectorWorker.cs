using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction;

/// <summary>What is known of the detector once it is loaded.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hash">SHA-256 of its weights.</param>
/// <param name="FeatureDim">Length of a region's feature.</param>
/// <param name="Classes">Class names by id.</param>
/// <param name="Attributes">Attribute names by id.</param>
internal sealed record DetectorInfo(string Name, string Hash, int FeatureDim, IReadOnlyList<string> Classes, IReadOnlyList<string> Attributes);

/// <summary>
/// Owns the detector: loads it at start and runs all of its work on one thread of its own, because each thread that computes
/// tensors gets a pool of helper threads that stays with it. A detector that cannot be loaded stops the host.
/// </summary>
internal sealed class DetectorWorker(
    IArtifactStore store, IOptions<RegionExtractionOptions> regions, ComputeSettings compute, ILogger<DetectorWorker> logger) : BackgroundService, IHealthCheck
{
    private readonly TaskCompletionSource<DetectorInfo> loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BlockingCollection<(Action<RegionExtractor> Run, Action Cancel)> work = [];

    /// <summary>The detector, if it is loaded.</summary>
    public DetectorInfo? Loaded => loaded.Task.IsCompletedSuccessfully ? loaded.Task.Result : null;

    /// <summary>
    /// Waits until the detector is loaded. If it cannot be, nobody is told: the host stops, which cancels those who wait, and their
    /// messages stay in the queue for a worker whose detector is in order.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up, or the host stops.</exception>
    public Task<DetectorInfo> LoadedAsync(CancellationToken cancellationToken) => loaded.Task.WaitAsync(cancellationToken);

    /// <summary>Runs something on the detector's thread.</summary>
    /// <exception cref="OperationCanceledException">The host stops.</exception>
    public async Task<T> RunAsync<T>(Func<RegionExtractor, T> job, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            work.Add((Run, () => done.TrySetCanceled()), cancellationToken);
        }
        catch (InvalidOperationException)
        {
            throw new OperationCanceledException("The detector has stopped.");
        }
        return await done.Task;

        void Run(RegionExtractor extractor)
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                done.SetResult(job(extractor));
            }
            catch (Exception e)
            {
                // To the caller: the thread lives on for the next job.
                done.SetException(e);
            }
        }
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Loaded is { } detector ? HealthCheckResult.Healthy(detector.Name) : HealthCheckResult.Unhealthy("The detector is being loaded."));

    /// <inheritdoc/>
    public override void Dispose()
    {
        work.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var folder = regions.Value.DetectorDirectory is { Length: > 0 } configured ? configured : await BuiltInDetector.EnsureAsync(store, stoppingToken);
            await Task.Factory.StartNew(() => Work(folder, stoppingToken), stoppingToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            work.CompleteAdding();
            while (work.TryTake(out var job)) job.Cancel();
        }
    }

    private void Work(string folder, CancellationToken stoppingToken)
    {
        using var extractor = RegionExtractor.Load(folder, compute.Device, compute.Precision);
        loaded.SetResult(new(extractor.Detector, extractor.DetectorHash, extractor.FeatureDim, extractor.Classes, extractor.Attributes));
        logger.LogInformation("Loaded the detector {Detector} ({Classes} classes, {FeatureDim} features) from {Folder}.",
            extractor.Detector, extractor.Classes.Count, extractor.FeatureDim, folder);
        foreach (var job in work.GetConsumingEnumerable(stoppingToken)) job.Run(extractor);
    }
}
