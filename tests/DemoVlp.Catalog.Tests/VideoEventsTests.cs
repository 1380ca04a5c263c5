using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.Catalog.Tests;

public sealed class VideoEventsTests(CatalogFixture fixture) : IClassFixture<CatalogFixture>
{
    private readonly CatalogHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_WhenTheVideoMoves_ShowsItAsItIsThenEachStageAndEndsWhenIndexed()
    {
        var video = await client.UploadedAsync();
        List<string> seen = [];

        await foreach (var item in EventsAsync(video.Id))
        {
            seen.Add(item.Data.Status);
            object? next = item.Data.Status switch
            {
                VideoStatus.Sampling => Events.Frames(video.Id),
                VideoStatus.Extracting => Events.Regions(video.Id),
                VideoStatus.Embedding => Events.Indexed(video.Id),
                _ => null,
            };
            if (next is not null) await host.Harness.Bus.Publish(next, Token);
        }

        Assert.Equal([VideoStatus.Sampling, VideoStatus.Extracting, VideoStatus.Embedding, VideoStatus.Indexed], seen);
    }

    [Fact]
    public async Task Events_WhenTheVideoFails_EndsWithTheReason()
    {
        var video = await client.UploadedAsync();
        Video? last = null;

        await foreach (var item in EventsAsync(video.Id))
        {
            if (last is null) await host.Harness.Bus.Publish(Events.Failed(video.Id, FailureCodes.NoVideoStream), Token);
            last = item.Data;
        }

        Assert.Equal((VideoStatus.Failed, FailureCodes.NoVideoStream), (last?.Status, last?.Failure?.Code));
    }

    [Fact]
    public async Task Events_WhenTheVideoIsDeleted_End()
    {
        var video = await client.UploadedAsync();
        var count = 0;

        await foreach (var item in EventsAsync(video.Id))
        {
            count++;
            using var deleted = await client.DeleteAsync($"{Calls.Videos}/{item.Data.Id}", Token);
        }

        Assert.Equal(1, count);
    }

    [Fact]
    public async Task Events_WhenABrowserReconnectsAfterTheEnd_TellsItToStop()
    {
        var video = await client.UploadedAsync();
        await host.Harness.Bus.Publish(Events.Failed(video.Id), Token);
        await Eventually.TrueAsync("it is failed", async _ => (await client.GetVideoAsync(video.Id)).Status == VideoStatus.Failed, Token);
        string? id = null;
        await foreach (var item in EventsAsync(video.Id)) id = item.EventId;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Calls.Videos}/{video.Id}/events");
        request.Headers.Add("Last-Event-ID", id);

        using var response = await client.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    private async IAsyncEnumerable<SseItem<Video>> EventsAsync(Guid id)
    {
        using var response = await client.GetAsync($"{Calls.Videos}/{id}/events", HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await using var body = await response.Content.ReadAsStreamAsync(Token);
        var parser = SseParser.Create(body, (_, data) => JsonSerializer.Deserialize<Video>(data, JsonSerializerOptions.Web)!);
        await foreach (var item in parser.EnumerateAsync(Token)) yield return item;
    }
}
