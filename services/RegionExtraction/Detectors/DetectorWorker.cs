using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction.Detectors;

/// <summary>The detector is not the one that a job was meant for: it was replaced in between.</summary>
internal sealed class DetectorReplacedException() : Exception("The detector was replaced.");

/// <summary>
/// Owns the detector and runs all of its work on one thread of its own, because each thread that computes tensors gets a pool of helper
/// threads that stays with it. The detector's directory is looked at before each message and every few seconds: a new detector takes the
/// old one's place without a restart, one that cannot be used is refused and the old one works on. Without a first one the host stops.
/// </summary>
internal sealed class DetectorWorker(
    IArtifactStore store, IOptionsMonitor<RegionExtractionOptions> regions, ComputeSettings compute, IDetectorLoader loader, ILogger<DetectorWorker> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5), Settling = TimeSpan.FromMilliseconds(300), Patience = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BlockingCollection<(Action Run, Action Cancel)> work = [];
    private readonly SemaphoreSlim looking = new(1, 1);
    private DetectorFolder? inUse, refused; // Only while looking.
    private IFrameDetector? detector; // Only on the detector's thread.
    private volatile DetectorInfo? current;
    private volatile string? refusal;

    /// <summary>The detector in use, once one is loaded.</summary>
    public DetectorInfo? Current => current;

    /// <summary>
    /// The detector that is to be used now: that of the configured directory as it is now, if it is in order. Waits until the first is loaded. If
    /// that cannot be, nobody is told: the host stops, which cancels those who wait, and their messages stay in the queue for a worker whose detector is in order.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up, or the host stops.</exception>
    public async Task<DetectorInfo> CurrentAsync(CancellationToken cancellationToken)
    {
        await loaded.Task.WaitAsync(cancellationToken);
        await RefreshAsync(cancellationToken);
        return current!;
    }

    /// <summary>Runs something on the detector's thread.</summary>
    /// <param name="hash">The detector that it is meant for.</param>
    /// <param name="job">The work.</param>
    /// <param name="cancellationToken">Keeps it from beginning.</param>
    /// <exception cref="DetectorReplacedException">Another detector is in use now.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up, or the host stops.</exception>
    public Task<T> RunAsync<T>(string hash, Func<IFrameDetector, T> job, CancellationToken cancellationToken) =>
        OnThreadAsync(() => detector is { } here && here.Info.Hash == hash ? job(here) : throw new DetectorReplacedException(), cancellationToken);

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult((current, refusal) switch
    {
        (null, _) => HealthCheckResult.Unhealthy("The detector is being loaded."),
        ({ } detector, { } why) => HealthCheckResult.Degraded($"{detector.Name} works on; the detector that should take its place was refused: {why}"),
        ({ } detector, null) => HealthCheckResult.Healthy(detector.Name),
    });

    /// <inheritdoc/>
    public override void Dispose()
    {
        work.Dispose();
        looking.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var thread = Task.Factory.StartNew(() => Work(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            var folder = DetectorFolder.At(await PathAsync(stoppingToken));
            while (!await OnThreadAsync(() => Replace(folder), stoppingToken))
            {
                await Task.Delay(Settling, stoppingToken);
                folder = DetectorFolder.At(folder.Path);
            }
            inUse = folder;
            loaded.SetResult();
            using var timer = new PeriodicTimer(Every);
            while (await timer.WaitForNextTickAsync(stoppingToken)) await RefreshAsync(stoppingToken);
        }
        finally
        {
            work.CompleteAdding();
            await thread;
            while (work.TryTake(out var job)) job.Cancel();
        }
    }

    private void Work(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var job in work.GetConsumingEnumerable(stoppingToken)) job.Run();
        }
        catch (OperationCanceledException)
        {
            return; // The host stops.
        }
        finally
        {
            detector?.Dispose();
        }
    }

    private async Task<string> PathAsync(CancellationToken cancellationToken) =>
        regions.CurrentValue.DetectorDirectory is { Length: > 0 } configured ? configured : await BuiltInDetector.EnsureAsync(store, cancellationToken);

    /// <summary>Takes over what has changed in the directory, or which directory it is.</summary>
    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await looking.WaitAsync(cancellationToken);
        DetectorFolder? folder = null;
        try
        {
            folder = await SettledAsync(cancellationToken);
            if (folder == inUse) (refused, refusal) = (null, null);
            if (folder is null || folder == inUse || folder == refused) return;
            if (await OnThreadAsync(() => Replace(folder), cancellationToken)) (inUse, refused, refusal) = (folder, null, null);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // What is wrong with its files stays wrong until they change; anything else, such as memory that is short, is tried again.
            if (e is ModelFormatException) refused = folder;
            if (refusal != e.Message) logger.LogError(e, "A new detector in {Folder} cannot be used; {Detector} works on.", folder?.Path, current?.Name);
            refusal = e.Message;
        }
        finally
        {
            looking.Release();
        }
    }

    // A directory that is being copied into is left alone until two looks at it are the same; null: it has not come to rest.
    private async Task<DetectorFolder?> SettledAsync(CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        var seen = DetectorFolder.At(await PathAsync(cancellationToken));
        while (seen != inUse && seen != refused)
        {
            await Task.Delay(Settling, cancellationToken);
            var again = DetectorFolder.At(seen.Path);
            if (again == seen) break;
            if (Environment.TickCount64 > until) return null;
            seen = again;
        }
        return seen;
    }

    // False: the directory is not what it was any more, so that what was read may be of two detectors.
    private bool Replace(DetectorFolder folder)
    {
        bool Changed() => DetectorFolder.At(folder.Path) != folder;
        bool Again()
        {
            logger.LogWarning("The detector's directory {Folder} changed while it was read; it is read again.", folder.Path);
            return false;
        }

        IFrameDetector next;
        try
        {
            next = loader.Load(folder.Path, compute);
        }
        catch (ModelFormatException) when (Changed())
        {
            return Again();
        }
        if (Changed())
        {
            next.Dispose();
            return Again();
        }
        var last = detector;
        (detector, current) = (next, next.Info);
        last?.Dispose();
        logger.LogInformation("Loaded the detector {Detector} {Hash} ({Classes} classes, {FeatureDim} features) from {Folder}.",
            next.Info.Name, next.Info.Hash[..8], next.Info.Classes.Count, next.Info.FeatureDim, folder.Path);
        return true;
    }

    private async Task<T> OnThreadAsync<T>(Func<T> job, CancellationToken cancellationToken)
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

        void Run()
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                done.SetResult(job());
            }
            catch (Exception e)
            {
                // To the caller: the thread lives on for the next job.
                done.SetException(e);
            }
        }
    }
}
