using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.Catalog.Tests;

/// <summary>What the catalog makes of the other services' messages, on the bus.</summary>
public sealed class TrackingTests(CatalogFixture fixture) : IClassFixture<CatalogFixture>
{
    private readonly CatalogHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_WhenTheyComeInOrder_CarryTheVideoToIndexedWithAllThatIsKnown()
    {
        var id = (await client.UploadedAsync()).Id;

        await PublishAsync(Events.Frames(id));
        await BecomesAsync(id, VideoStatus.Extracting);
        await PublishAsync(Events.Regions(id));
        await BecomesAsync(id, VideoStatus.Embedding);
        await PublishAsync(Events.Indexed(id));
        await BecomesAsync(id, VideoStatus.Indexed);

        var video = await client.GetVideoAsync(id);
        Assert.Equal((4.0, 320, 240, 2), (video.DurationSeconds, video.Width, video.Height, video.Frames.Count));
        Assert.Equal((20, "small", "m1"), (video.RegionCount, video.Detector, video.ModelVersion));
        Assert.Equal(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), video.IndexedAt);
        Assert.Null((await host.RowAsync(id)).RedriveAt);
    }

    [Fact]
    public async Task Messages_WhenTheyComeBackwards_LoseNothingAndTakeNothingBack()
    {
        var id = (await client.UploadedAsync()).Id;

        await PublishAsync(Events.Indexed(id));
        await BecomesAsync(id, VideoStatus.Indexed);
        Assert.NotNull((await host.RowAsync(id)).RedriveAt);
        await PublishAsync(Events.Regions(id));
        await UntilAsync(id, row => row.Regions is not null);
        await PublishAsync(Events.Frames(id));
        await UntilAsync(id, row => row.Frames is not null);

        var row = await host.RowAsync(id);
        Assert.Equal((VideoStatus.Indexed, 20, null), (row.Status, row.RegionCount, row.RedriveAt));
    }

    [Fact]
    public async Task Messages_WhenTheyAreDeliveredTwice_ChangeNothingTheSecondTime()
    {
        var id = (await client.UploadedAsync()).Id;
        await PublishAsync(Events.Frames(id));
        await PublishAsync(Events.Regions(id));
        await UntilAsync(id, row => row.Frames is not null && row.Regions is not null);
        await PublishAsync(Events.Indexed(id));
        await BecomesAsync(id, VideoStatus.Indexed);
        var before = await host.RowAsync(id);

        await DeliveredAsync(Events.Frames(id), 2);
        await DeliveredAsync(Events.Regions(id), 2);
        await DeliveredAsync(Events.Indexed(id), 2);

        Assert.Equivalent(before, await host.RowAsync(id), strict: true);
    }

    [Fact]
    public async Task VideoIndexed_WhenAnotherModelEmbeddedItAgain_ShowsThatModelAndNotAnOlderOne()
    {
        var id = (await client.UploadedAsync()).Id;
        var now = DateTime.UtcNow;
        await PublishAsync(Events.Indexed(id, "m2", now));
        await UntilAsync(id, row => row.ModelVersion == "m2");

        await DeliveredAsync(Events.Indexed(id, "m1", now.AddMinutes(-1)), 1);
        Assert.Equal("m2", (await host.RowAsync(id)).ModelVersion);
        await PublishAsync(Events.Indexed(id, "m3", now.AddMinutes(1)));

        await UntilAsync(id, row => row.ModelVersion == "m3");
    }

    [Fact]
    public async Task VideoIndexed_WhenTheVideoHadFailed_Wins()
    {
        var id = (await client.UploadedAsync()).Id;
        await PublishAsync(Events.Failed(id));
        await BecomesAsync(id, VideoStatus.Failed);
        await DeliveredAsync(Events.Frames(id), 1);
        Assert.Equal(VideoStatus.Failed, (await host.RowAsync(id)).Status);

        await PublishAsync(Events.Indexed(id));

        await BecomesAsync(id, VideoStatus.Indexed);
        await DeliveredAsync(Events.Failed(id), 2);
        var video = await client.GetVideoAsync(id);
        Assert.Equal((VideoStatus.Indexed, null), (video.Status, video.Failure));
    }

    [Fact]
    public async Task Messages_WhenTheVideoIsDeleted_AreAnsweredWithItsDeletion()
    {
        var id = (await client.UploadedAsync()).Id;
        using var deleted = await client.DeleteAsync($"{Calls.Videos}/{id}", Token);

        await PublishAsync(Events.Frames(id));
        await host.Recorder.WaitAsync<VideoDeleted>(m => m.VideoId == id, atLeast: 2);
        await PublishAsync(Events.Indexed(id));
        await host.Recorder.WaitAsync<VideoDeleted>(m => m.VideoId == id, atLeast: 3);

        var row = await host.RowAsync(id);
        Assert.NotNull(row.DeletedAt);
        Assert.Null(row.Frames);
        Assert.All(host.Recorder.Of<VideoDeleted>(m => m.VideoId == id), m => Assert.Equal(row.DeletedAt, m.DeletedAt));
    }

    [Fact]
    public async Task Messages_WhenNobodyKnowsTheVideo_AreIgnored()
    {
        var id = Guid.NewGuid();

        await DeliveredAsync(Events.Frames(id), 1);
        await DeliveredAsync(Events.Failed(id), 1);

        Assert.Empty(host.Recorder.Of<VideoDeleted>(m => m.VideoId == id));
    }

    private Task PublishAsync(object message) => host.Harness.Bus.Publish(message, Token);

    private Task BecomesAsync(Guid id, string status) => UntilAsync(id, row => row.Status == status);

    private Task UntilAsync(Guid id, Func<VideoRow, bool> holds) => Eventually.TrueAsync("the video has moved", async _ => holds(await host.RowAsync(id)), Token);

    /// <summary>Publishes an event and waits until the catalog has consumed as many equal ones.</summary>
    private async Task DeliveredAsync<T>(T message, int count) where T : class
    {
        await PublishAsync(message);
        await Eventually.TrueAsync($"{typeof(T).Name} is consumed", () => host.Consumed<T>(m => System.Text.Json.JsonSerializer.Serialize(m) == System.Text.Json.JsonSerializer.Serialize(message)) >= count, Token);
    }
}
