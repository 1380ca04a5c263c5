using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class PostgresTests
{
    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task Library_OnPostgres_IsFoundSwitchedAndDeletedAsOnSqlite()
    {
        await using var world = await World.StartAsync(onPostgres: true);
        var early = await world.AddVideoAsync(50);
        await world.ActivateAsync("tiny-1", seed: 1);
        await World.EventuallyAsync("the video that waited is indexed", () => world.Recorder.All<VideoIndexed>().Any(v => v.VideoId == early));
        var videos = await world.AddIndexedVideosAsync(6);
        var first = await world.SearchAsync("a red circle");
        Assert.Equal(videos.Append(early).Order(), first.Items.Select(i => i.VideoId).Order());
        Assert.Equal([videos[3]], (await world.SearchAsync("dog", filter: new SearchFilter { TitleContains = "VIDEO 3" })).Items.Select(i => i.VideoId));
        Assert.Equal([videos[4]], (await world.SearchAsync("dog", filter: new SearchFilter { Videos = [videos[4]] })).Items.Select(i => i.VideoId));

        await world.ActivateAsync("tiny-2", seed: 2);
        var second = await world.SearchAsync("a red circle");
        Assert.Equal(("tiny-2", 7), (second.ModelVersion, second.Items.Count));
        await world.Publish(new VideoDeleted { VideoId = early, DeletedAt = DateTime.UtcNow });
        await Eventually.TrueAsync("the video is gone", async _ => (await world.SearchAsync("a red circle")).Items.All(i => i.VideoId != early), TestContext.Current.CancellationToken);
    }
}
