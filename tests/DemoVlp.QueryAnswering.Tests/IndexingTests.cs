using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class IndexingTests : IAsyncLifetime
{
    private World world = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => world = await World.StartAsync();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Regions_WhenNoModelIsActive_AreIndexedOnceOneIs()
    {
        var video = await world.AddVideoAsync(1);
        await Known(video);
        await world.RestartAsync();
        Assert.Empty(world.Recorder.All<VideoIndexed>());
        await world.ActivateAsync("tiny-1");
        await World.EventuallyAsync("the video is indexed", () => world.Recorder.All<VideoIndexed>().Any(v => v.VideoId == video && v.ModelVersion == "tiny-1"));
        Assert.Equal([video], (await world.SearchAsync("red")).Items.Select(i => i.VideoId));
    }

    [Fact]
    public async Task Regions_WhenAnnouncedTwice_AreEmbeddedOnceAndAnnouncedTwice()
    {
        await world.ActivateAsync("tiny-1");
        var id = Guid.NewGuid();
        var extracted = World.Extracted(id, await world.PutRegionsAsync(id, 1));
        await world.Publish(extracted);
        await World.EventuallyAsync("the first answer", () => world.Recorder.All<VideoIndexed>().Count() == 1);
        await world.Publish(extracted);
        await World.EventuallyAsync("the second answer", () => world.Recorder.All<VideoIndexed>().Count() == 2);
        // The same time: the vectors are those written before.
        Assert.Single(world.Recorder.All<VideoIndexed>().Select(v => (v.VideoId, v.IndexedAt)).Distinct());
    }

    [Fact]
    public async Task Regions_WhenExtractedAnew_ReplaceTheOldOnes()
    {
        await world.ActivateAsync("tiny-1");
        var id = Guid.NewGuid();
        await world.Publish(World.Extracted(id, await world.PutRegionsAsync(id, 1)));
        await World.EventuallyAsync("the first answer", () => world.Recorder.All<VideoIndexed>().Count() == 1);
        var before = (await world.SearchAsync("red circle")).Items.Single();
        var anew = await world.PutRegionsAsync(id, 2);
        await world.Publish(World.Extracted(id, anew));
        await World.EventuallyAsync("the second answer", () => world.Recorder.All<VideoIndexed>().Count() == 2);
        Assert.Equal(anew.Sha256, world.Recorder.All<VideoIndexed>().Last().RegionsSha256);
        Assert.NotEqual(before.Score, (await world.SearchAsync("red circle")).Items.Single().Score);
    }

    [Fact]
    public async Task Regions_WhenTheyCannotBeUsed_FailTheVideoWithASentence()
    {
        await world.ActivateAsync("tiny-1");
        var (broken, narrow) = (Guid.NewGuid(), Guid.NewGuid());
        await world.Publish(World.Extracted(broken, await world.Artifacts.WriteAsync("videos/broken/regions/regions.safetensors", "application/x-safetensors",
            async (stream, token) => await stream.WriteAsync("no region file"u8.ToArray(), token), Cancellation)));
        await world.Publish(World.Extracted(narrow, await world.PutRegionsAsync(narrow, 1, featureDim: 7)));
        await World.EventuallyAsync("both have failed", () => world.Recorder.All<VideoProcessingFailed>().Select(f => f.VideoId).Distinct().Count() == 2);
        Assert.All(world.Recorder.All<VideoProcessingFailed>(), f => Assert.Equal("embedding-failed", f.Code));
        Assert.All(world.Recorder.All<VideoProcessingFailed>(), f => Assert.EndsWith(".", f.Detail, StringComparison.Ordinal));
        Assert.Empty((await world.SearchAsync("red")).Items);
    }

    [Fact]
    public async Task Regions_WhenTheirFileIsGone_FailTheVideoAndNotTheQueue()
    {
        await world.ActivateAsync("tiny-1");
        var id = Guid.NewGuid();
        var regions = await world.PutRegionsAsync(id, 1);
        world.Artifacts.Delete(regions.Key);
        await world.Publish(World.Extracted(id, regions));
        await World.EventuallyAsync("the video has failed", () => world.Recorder.All<VideoProcessingFailed>().Any());
        var failed = world.Recorder.All<VideoProcessingFailed>().Single();
        Assert.Equal((id, FailureCodes.Internal, "The region file is gone from the store."), (failed.VideoId, failed.Code, failed.Detail));
    }

    [Fact]
    public async Task Title_WhenAnOlderOneArrivesLate_StaysTheNewer()
    {
        await world.ActivateAsync("tiny-1");
        var video = (await world.AddIndexedVideosAsync(1))[0];
        await world.Publish(new VideoDescribed { VideoId = video, Revision = 3, Title = "New", Captions = [] });
        await Titled("New");
        await world.Publish(new VideoDescribed { VideoId = video, Revision = 2, Title = "Old", Captions = [] });
        await world.Publish(new VideoDescribed { VideoId = video, Revision = 4, Title = "Newest", Captions = [] });
        await Titled("Newest");
    }

    [Fact]
    public async Task Video_WhenDeleted_IsInNoAnswerAndLateMessagesDoNotBringItBack()
    {
        await world.ActivateAsync("tiny-1");
        var videos = await world.AddIndexedVideosAsync(3);
        var regions = (await world.Artifacts.FindAsync($"videos/{videos[1]:n}/regions/regions.safetensors", "application/x-safetensors", Cancellation))!;
        for (var times = 0; times < 2; times++) await world.Publish(new VideoDeleted { VideoId = videos[1], DeletedAt = DateTime.UtcNow });
        await Eventually.TrueAsync("it is gone", async _ => (await world.SearchAsync("red")).Items.All(i => i.VideoId != videos[1]), Cancellation);

        await world.Publish(World.Extracted(videos[1], regions));
        await world.Publish(new VideoDescribed { VideoId = videos[1], Revision = 9, Title = "Back", Captions = [] });
        var behind = await world.AddVideoAsync(9); // its queue is the same, so the late message has been heard when this one is indexed
        await World.EventuallyAsync("the next one is indexed", () => world.Recorder.All<VideoIndexed>().Any(v => v.VideoId == behind));
        Assert.Equal(new[] { videos[0], videos[2], behind }.Order(), (await world.SearchAsync("red")).Items.Select(i => i.VideoId).Order());
        Assert.Equal(0, await world.Query(db => db.Embeddings.CountAsync(e => e.VideoId == videos[1], Cancellation)));
    }

    [Fact]
    public async Task Video_WhenDeletedBeforeItIsKnown_StaysAway()
    {
        await world.ActivateAsync("tiny-1");
        var id = Guid.NewGuid();
        await world.Publish(new VideoDeleted { VideoId = id, DeletedAt = DateTime.UtcNow });
        await Known(id, withRegions: false);
        await world.Publish(World.Extracted(id, await world.PutRegionsAsync(id, 1)));
        var behind = await world.AddVideoAsync(2);
        await World.EventuallyAsync("the next one is indexed", () => world.Recorder.All<VideoIndexed>().Any(v => v.VideoId == behind));
        Assert.Equal([behind], (await world.SearchAsync("red")).Items.Select(i => i.VideoId));
    }

    private Task Titled(string title) =>
        Eventually.TrueAsync($"the title is {title}", async _ => (await world.SearchAsync("red")).Items.Single().Title == title, Cancellation);

    private Task Known(Guid id, bool withRegions = true) => Eventually.TrueAsync("the video is known",
        token => world.Query(db => db.Videos.AnyAsync(v => v.Id == id && (!withRegions || v.RegionsKey != null), token)), Cancellation);
}
