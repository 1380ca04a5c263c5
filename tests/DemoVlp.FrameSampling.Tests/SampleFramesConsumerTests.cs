using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;
using MassTransit.Testing;

namespace DemoVlp.FrameSampling.Tests;

public sealed class SampleFramesConsumerTests(SamplingHost host)
{
    [Fact]
    public async Task Consume_WhenVideoIsGood_AnnouncesFramesThatAreInTheStore()
    {
        var video = await host.StoreAsync(await SampleClips.ColoursAsync(Clips.Token));

        await host.PublishAsync(video);

        var sampled = await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId);
        Assert.Equal((320, 240, 8), (sampled.Width, sampled.Height, sampled.Frames.Count));
        Assert.Equal(Enumerable.Range(0, 8), sampled.Frames.Select(f => f.Index));
        foreach (var frame in sampled.Frames)
        {
            Assert.StartsWith(VideoArtifacts.Frames(video.VideoId) + "/", frame.Image.Key);
            Assert.Equal("image/jpeg", frame.Image.MediaType);
            Assert.Equal((frame.Width, frame.Height), Picture.Size(await host.Store.ReadAsync(frame.Image, Clips.Token)));
        }
    }

    [Fact]
    public async Task Consume_WhenDeliveredAgain_AnnouncesTheSameWithoutWorkingAgain()
    {
        var video = await host.StoreAsync(await SampleClips.GifAsync(Clips.Token));
        await host.PublishAsync(video);
        var first = await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId);
        var file = host.PathOf(first.Frames[0].Image.Key);
        var written = File.GetLastWriteTimeUtc(file);

        await host.PublishAsync(video);

        var second = await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId, count: 2);
        Assert.Equal(first.Frames, second.Frames);
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
    }

    [Fact]
    public async Task Consume_WhenAFrameWasDamaged_TakesTheFramesAnew()
    {
        var video = await host.StoreAsync(await SampleClips.ThreeFramesAsync(Clips.Token));
        await host.PublishAsync(video);
        var first = await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId);
        await File.WriteAllTextAsync(host.PathOf(first.Frames[1].Image.Key), "damaged", Clips.Token);

        await host.PublishAsync(video);

        var second = await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId, count: 2);
        Assert.Equal(first.Frames, second.Frames);
        foreach (var frame in second.Frames) await host.Store.ReadAsync(frame.Image, Clips.Token);
    }

    [Fact]
    public async Task Consume_WhenTheManifestIsOfAnOlderFormat_TakesTheFramesAnew()
    {
        var video = await host.StoreAsync(await SampleClips.ThreeFramesAsync(Clips.Token));
        await host.PublishAsync(video);
        var first = await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId);
        var manifest = host.PathOf(host.Store.List(VideoArtifacts.Frames(video.VideoId)).Single(k => k.EndsWith("manifest.json", StringComparison.Ordinal)));
        var current = await File.ReadAllTextAsync(manifest, Clips.Token);
        var older = current.Replace("\"Format\":2,", "", StringComparison.Ordinal).Replace($"\"Width\":{first.Width}", "\"Width\":1", StringComparison.Ordinal);
        Assert.NotEqual(current, older);
        await File.WriteAllTextAsync(manifest, older, Clips.Token);

        await host.PublishAsync(video);

        var second = await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId, count: 2);
        Assert.Equal((first.Width, first.Height), (second.Width, second.Height));
        Assert.Equal(current, await File.ReadAllTextAsync(manifest, Clips.Token));
    }

    [Fact]
    public async Task Consume_WhenVideoCannotBeSampled_SaysWhyInOneSentence()
    {
        var video = await host.StoreAsync(await SampleClips.TextAsync(Clips.Token));

        await host.PublishAsync(video);

        var failed = await host.ReceivedAsync<VideoProcessingFailed>(m => m.VideoId == video.VideoId);
        Assert.Equal((FailureCodes.NotAVideo, "The file is not a video."), (failed.Code, failed.Detail));
        Assert.Empty(host.Store.List(VideoArtifacts.Frames(video.VideoId)));
    }

    [Fact]
    public async Task Consume_WhenTheSourceIsGone_SaysSoAndAnnouncesNoFrames()
    {
        var video = await host.StoreAsync(await SampleClips.GifAsync(Clips.Token));
        host.Store.Delete(VideoArtifacts.Source(video.VideoId));

        await host.PublishAsync(video);

        var failed = await host.ReceivedAsync<VideoProcessingFailed>(m => m.VideoId == video.VideoId);
        Assert.Equal((FailureCodes.Internal, "A file that this step needs is missing."), (failed.Code, failed.Detail));
        Assert.DoesNotContain(host.Harness.Published.Select<FramesSampled>(Clips.Token), m => m.Context.Message.VideoId == video.VideoId);
    }

    [Fact]
    public async Task Delete_WhenVideoIsDeleted_RemovesItsFramesAndNothingElse()
    {
        var video = await host.StoreAsync(await SampleClips.GifAsync(Clips.Token));
        await host.PublishAsync(video);
        await host.ReceivedAsync<FramesSampled>(m => m.VideoId == video.VideoId);

        await host.PublishAsync(new VideoDeleted { VideoId = video.VideoId, DeletedAt = DateTime.UtcNow });

        await Eventually.TrueAsync("the frames are gone", () => !host.Store.List(VideoArtifacts.Frames(video.VideoId)).Any(), Clips.Token);
        Assert.True(File.Exists(host.Store.GetLocalPath(video.Source)));
    }
}
