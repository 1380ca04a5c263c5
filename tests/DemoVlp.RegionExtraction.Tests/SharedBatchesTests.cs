using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.RegionExtraction.Extraction;
using DemoVlp.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction.Tests;

/// <summary>Frames of several videos that wait for one detector. Which video a frame is of shows in its index: tens are videos.</summary>
public sealed class SharedBatchesTests : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private readonly FakeDetector detector = new();
    private readonly ManualResetEventSlim free = new();
    private readonly TaskCompletionSource busy = new();
    private readonly DetectorWorker worker;
    private readonly SharedBatches batches;

    public SharedBatchesTests()
    {
        var options = new RegionExtractionOptions { MicroBatch = 4, DetectorDirectory = folder.Path };
        worker = new DetectorWorker(new LocalArtifactStore(folder["store"]), new Settings<RegionExtractionOptions>(options),
            new ComputeSettings(TorchSharp.torch.CPU, ComputePrecision.Float32, 1), detector, NullLogger<DetectorWorker>.Instance);
        batches = new SharedBatches(worker, new FrameBatches(Options.Create(options), TimeProvider.System, NullLogger<FrameBatches>.Instance));
    }

    public async ValueTask InitializeAsync()
    {
        await worker.StartAsync(Frames.Token);
        await worker.CurrentAsync(Frames.Token);
    }

    public async ValueTask DisposeAsync()
    {
        free.Set();
        await worker.StopAsync(CancellationToken.None);
        worker.Dispose();
        free.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Extract_WhenFramesOfSeveralVideosWait_LooksAtThoseOfOneSizeTogether()
    {
        var blocker = await BlockAsync();
        var videos = new[] { Video(10, 1), Video(20, 2), Video(30, 2, width: 2), Video(40, 1), Video(50, 1) };

        var waiting = videos.Select(v => ExtractAsync(v)).ToArray();
        free.Set();
        await Task.WhenAll([blocker, .. waiting]);

        Assert.Equal([[0], [10, 20, 21, 40], [30, 31], [50]], detector.Seen); // Four at most, and never of two sizes.
        foreach (var (video, found) in videos.Zip(waiting)) Assert.Equal(video.Select(f => (f.FrameIndex, (float)f.Bgr[0])), (await found).Select(r => (r.FrameIndex, r.Features[0])));
    }

    [Fact]
    public async Task Extract_WhenAFrameOfOneVideoIsPoisoned_FailsThatVideoAlone()
    {
        var blocker = await BlockAsync();
        var bad = Video(20, 2);
        bad[1] = bad[1] with { Bgr = [255, 0, 0] };

        Task<IReadOnlyList<FrameRegions>>[] waiting = [ExtractAsync(Video(10, 1)), ExtractAsync(bad), ExtractAsync(Video(30, 1))];
        free.Set();

        await blocker;
        Assert.Equal(10, Assert.Single(await waiting[0]).FrameIndex);
        Assert.StartsWith("Frame 21 ", (await Assert.ThrowsAsync<FrameUnusableException>(() => waiting[1])).Message, StringComparison.Ordinal);
        Assert.Equal(30, Assert.Single(await waiting[2]).FrameIndex);
    }

    [Fact]
    public async Task Extract_WhenAVideoIsNoLongerWanted_DoesNotLookAtIt()
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Frames.Token);
        var blocker = await BlockAsync();
        var unwanted = ExtractAsync(Video(10, 1), gone.Token);
        await gone.CancelAsync();
        free.Set();
        await blocker;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unwanted);

        await ExtractAsync(Video(20, 1));

        Assert.Equal([[0], [20]], detector.Seen);
    }

    // Keeps the detector busy until it is set free.
    private async Task<Task> BlockAsync()
    {
        detector.Before = (frames, _) =>
        {
            if (frames[0].FrameIndex != 0) return;
            busy.SetResult();
            free.Wait(Frames.Token);
        };
        var blocker = ExtractAsync(Video(0, 1));
        await busy.Task;
        return blocker;
    }

    private Task<IReadOnlyList<FrameRegions>> ExtractAsync(FrameImage[] images, CancellationToken? cancellationToken = null) =>
        batches.ExtractAsync(detector.Info.Hash, images, first: true, cancellationToken ?? Frames.Token);

    private static FrameImage[] Video(int first, int count, int width = 1) =>
        [.. Enumerable.Range(first, count).Select(i => new FrameImage(i, i, width, 1, [(byte)i, .. new byte[3 * width - 1]]))];
}
