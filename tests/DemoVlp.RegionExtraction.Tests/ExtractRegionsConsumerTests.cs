using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.Testing;
using MassTransit.Testing;
using SkiaSharp;

namespace DemoVlp.RegionExtraction.Tests;

public sealed class ExtractRegionsConsumerTests(ExtractionHost host)
{
    private static readonly byte[] Red = Frames.Draw(96, 64, SKColors.White, SKColors.Red), Blue = Frames.Draw(96, 64, SKColors.Black, SKColors.Blue);

    [Fact]
    public async Task Consume_WhenFramesAreGood_AnnouncesARegionFileThatCanBeRead()
    {
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red, Blue, Red);

        await host.PublishAsync(video);

        var extracted = await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId);
        var file = Read(extracted.Regions);
        Assert.StartsWith(VideoArtifacts.Regions(video.VideoId) + "/moving-shapes-2-", extracted.Regions.Key);
        Assert.Equal(("moving-shapes-2", "moving-shapes-2"), (extracted.Detector, file.Detector));
        Assert.Equal(video.Frames.Select(f => (f.Index, f.TimestampSeconds, 96, 64)), file.Frames.Select(f => (f.FrameIndex, f.TimestampSeconds, f.Width, f.Height)));
        Assert.Equal(extracted.RegionCount, file.Frames.Sum(f => f.Count));
        Assert.All(file.Frames, f => Assert.True(f.Count > 0));
        Assert.All(file.Frames, f => Assert.All(f.Boxes.Chunk(4), b => Assert.True(b[0] >= 0 && b[1] >= 0 && b[2] <= 96 && b[3] <= 64)));
    }

    [Fact]
    public async Task Consume_WhenPicturesDiffer_TheirFeaturesDo()
    {
        // Another order in the micro-batch changes nothing but rounding.
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red, Blue, Blue, Blue, Red);

        await host.PublishAsync(video);

        var frames = Read((await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId)).Regions).Frames;
        Assert.Equal(frames[0].Features.Length, frames[4].Features.Length);
        Assert.All(frames[0].Features.Zip(frames[4].Features), p => Assert.Equal(p.First, p.Second, 0.001));
        Assert.False(frames[0].Features.Take(256).SequenceEqual(frames[1].Features.Take(256)));
    }

    [Fact]
    public async Task Consume_WhenAVideoTakesLongerThanAMessageMay_GoesOnWithAnotherAndTellsHowFarItIs()
    {
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red, Blue, Red, Blue, Red, Blue, Red, Blue, Red);

        await host.PublishAsync(video);

        var extracted = await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId);
        var last = await host.ReceivedAsync<RegionsProgressed>(m => m.VideoId == video.VideoId, count: 2);
        Assert.Equal((8, 9, extracted.DetectorHash), (last.FramesDone, last.FramesTotal, last.DetectorHash));
        Assert.Equal(9, Read(extracted.Regions).Frames.Count);
    }

    [Fact]
    public async Task Start_TellsWhichDetectorIsInUse()
    {
        var detector = await host.ReceivedAsync<DetectorLoaded>(_ => true);

        Assert.Equal(BuiltInDetector.Name, detector.Name);
        Assert.Matches("^[0-9a-f]{64}$", detector.Sha256);
    }

    [Fact]
    public async Task Consume_WhenDeliveredAgain_AnnouncesTheSameWithoutWorkingAgain()
    {
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red);
        await host.PublishAsync(video);
        var first = await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId);
        var written = File.GetLastWriteTimeUtc(host.PathOf(first.Regions.Key));

        await host.PublishAsync(video);

        Assert.Equal(first, await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId, count: 2));
        Assert.Equal(written, File.GetLastWriteTimeUtc(host.PathOf(first.Regions.Key)));
    }

    [Fact]
    public async Task Consume_WhenTheRegionFileIsDamagedOrOfOtherFrames_ExtractsAnew()
    {
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red, Blue);
        await host.PublishAsync(video with { Frames = [video.Frames[0]] });
        var fewer = await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId);

        await host.PublishAsync(video);
        var whole = await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId, count: 2);
        Assert.True(whole.RegionCount > fewer.RegionCount);

        await File.WriteAllTextAsync(host.PathOf(whole.Regions.Key), "damaged", Frames.Token);
        await host.PublishAsync(video);
        Assert.Equal(whole, await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId, count: 3));
        Assert.Equal(2, Read(whole.Regions).Frames.Count);
    }

    [Theory]
    [InlineData("no picture")]
    [InlineData("cut off")]
    [InlineData("other size")]
    public async Task Consume_WhenAFrameCannotBeRead_FailsThatVideoAndGoesOn(string poison)
    {
        var bad = poison switch
        {
            "no picture" => "\xff\xd8\xff not a picture"u8.ToArray(),
            "cut off" => Blue[..(Blue.Length / 2)],
            _ => Frames.Draw(64, 96, SKColors.White, SKColors.Red),
        };
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red, bad);

        await host.PublishAsync(video);

        var failed = await host.ReceivedAsync<VideoProcessingFailed>(m => m.VideoId == video.VideoId);
        Assert.Equal(FailureCodes.ExtractionFailed, failed.Code);
        Assert.Matches(@"^Frame 1 of the video cannot be read: .*\.$", failed.Detail);

        var good = await Frames.StoreAsync(host.Store, 96, 64, Red);
        await host.PublishAsync(good);
        await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == good.VideoId);
    }

    [Fact]
    public async Task Consume_WhenPictureIsOnePixel_StillFindsARegion()
    {
        var video = await Frames.StoreAsync(host.Store, 1, 1, Frames.Draw(1, 1, SKColors.Red, SKColors.Red));

        await host.PublishAsync(video);

        Assert.True((await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId)).RegionCount >= 1);
    }

    [Fact]
    public async Task Consume_WhenTheFramesAreGone_SaysSoAndAnnouncesNoRegions()
    {
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red);
        host.Store.Delete(VideoArtifacts.Frames(video.VideoId));

        await host.PublishAsync(video);

        // Without this, a video whose files were lost would be extracted again and again for ever; of a deleted one Catalog knows better.
        var failed = await host.ReceivedAsync<VideoProcessingFailed>(m => m.VideoId == video.VideoId);
        Assert.Equal((FailureCodes.Internal, "A file that this step needs is missing."), (failed.Code, failed.Detail));
        Assert.DoesNotContain(host.Harness.Published.Select<RegionsExtracted>(Frames.Token), m => m.Context.Message.VideoId == video.VideoId);
    }

    [Fact]
    public async Task Delete_WhenVideoIsDeleted_RemovesItsRegionsAndNothingElse()
    {
        var video = await Frames.StoreAsync(host.Store, 96, 64, Red);
        await host.PublishAsync(video);
        await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId);

        await host.PublishAsync(new VideoDeleted { VideoId = video.VideoId, DeletedAt = DateTime.UtcNow });

        await Eventually.TrueAsync("the regions are gone", () => !host.Store.List(VideoArtifacts.Regions(video.VideoId)).Any(), Frames.Token);
        Assert.True(File.Exists(host.Store.GetLocalPath(video.Frames[0].Image)));
    }

    private RegionFile Read(ArtifactRef artifact)
    {
        using var stream = host.Store.OpenRead(artifact);
        return RegionFile.Load(stream);
    }
}
