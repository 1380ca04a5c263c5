using System.Runtime.InteropServices;
using DemoVlp.Modeling.Detection;
using DemoVlp.RegionExtraction.Extraction;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction.Tests;

public sealed class FrameBatchesTests : IDisposable
{
    private readonly FakeDetector detector = new();
    private readonly Clock clock = new();
    private readonly FrameBatches batches;

    public FrameBatchesTests() => batches = new(Options.Create(new RegionExtractionOptions { MicroBatch = 8 }), clock, NullLogger<FrameBatches>.Instance);

    public void Dispose() => detector.Dispose();

    [Fact]
    public void Extract_WhenTheDeviceRunsOutOfMemory_HalvesTheBatchAndGoesOn()
    {
        detector.Room = 2;

        var found = batches.Extract(detector, Images(8), Frames.Token);

        Assert.Equal(Enumerable.Range(0, 8), found.Select(f => f.FrameIndex));
        Assert.Equal([[0, 1], [2, 3], [4, 5], [6, 7]], detector.Seen);
        Assert.Equal(2, batches.Batch); // What did not fit is not tried with every batch.
    }

    [Fact]
    public void Extract_WhenNotEvenOneFrameFits_LooksAtFewerRegionsAtOnce()
    {
        (detector.Room, detector.ShareNeeded) = (1, 8);

        Assert.Equal(3, batches.Extract(detector, Images(3), Frames.Token).Count);
    }

    [Fact]
    public void Extract_WhenNothingHelps_SaysThatMemoryIsShort()
    {
        detector.ShareNeeded = int.MaxValue;

        var e = Assert.Throws<ExternalException>(() => batches.Extract(detector, Images(3), Frames.Token));

        Assert.Contains("out of memory", e.Message);
    }

    [Fact]
    public void Recover_WhenThereIsRoomAgain_ReturnsToWhatIsConfigured()
    {
        detector.Room = 2;
        batches.Extract(detector, Images(8), Frames.Token);
        detector.Room = 100;

        batches.Recover();
        batches.Recover();

        Assert.Equal(8, batches.Batch);
    }

    [Theory]
    [InlineData(7, 8)]
    [InlineData(15, 4)]
    [InlineData(20, 2)]
    [InlineData(120, 1)]
    public void GroupSize_AtThePaceOfTheLastFrames_KeepsAGroupWithinAMinuteOrAtOneFrame(int secondsAFrame, int expected)
    {
        Assert.Equal(8, batches.GroupSize);
        detector.Before = (frames, _) => clock.Seconds += frames.Count * secondsAFrame;

        batches.Extract(detector, Images(5), Frames.Token);

        Assert.Equal(expected, batches.GroupSize);
    }

    [Fact]
    public void GroupSize_WhenTheDetectorIsQuickAgain_IsAsConfigured()
    {
        detector.Before = (frames, _) => clock.Seconds += frames.Count * 100;
        batches.Extract(detector, Images(1), Frames.Token);
        detector.Before = null;

        batches.Extract(detector, Images(1), Frames.Token);

        Assert.Equal(8, batches.GroupSize);
    }

    [Fact]
    public void Extract_WhenAnotherErrorComes_IsNoReasonToHalve()
    {
        detector.Before = (_, _) => throw FakeDetector.Raised("CUDA error: an illegal memory access was encountered");

        Assert.Throws<ExternalException>(() => batches.Extract(detector, Images(4), Frames.Token));
        Assert.Equal(8, batches.Batch);
    }

    [Fact]
    public void Extract_WhenOneFrameOfABatchIsPoisoned_NamesThatFrame()
    {
        var images = Images(6);
        images[4] = images[4] with { Bgr = [255, 0, 0] };

        var e = Assert.Throws<FrameUnusableException>(() => batches.Extract(detector, images, Frames.Token));

        Assert.Equal("Frame 4 of the video cannot be processed: its features are not finite numbers.", e.Message);
    }

    [Fact]
    public void OutOfMemory_WhenTorchCannotAllocate_IsRecognised()
    {
        DemoVlp.Modeling.Native.TorchNativeLibrary.EnsureLoadable();

        var e = Record.Exception(() => TorchSharp.torch.zeros(1L << 45)); // 128 TiB.

        Assert.True(OutOfMemory.Caused(e!), e?.ToString());
    }

    private static List<FrameImage> Images(int count) => [.. Enumerable.Range(0, count).Select(i => new FrameImage(i, i, 1, 1, [(byte)i, 0, 0]))];
}
