using System.Net;
using System.Net.Http.Headers;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.Catalog.Tests;

public sealed class ContentTests(CatalogFixture fixture) : IClassFixture<CatalogFixture>
{
    private readonly CatalogHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Content_WhenAskedWhole_SendsTheUploadedBytesSoThatABrowserMayPlayThem()
    {
        var clip = Calls.NewClip();
        var video = await client.UploadedAsync(clip);

        using var response = await client.GetAsync($"{Calls.Videos}/{video.Id}/content", Token);

        Assert.Equal(clip, await response.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal("video/mp4", response.Content.Headers.ContentType?.ToString());
        Assert.Equal($"\"{video.Sha256}\"", response.Headers.ETag?.Tag);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal(("inline", "clip.mp4"), (response.Content.Headers.ContentDisposition?.DispositionType, response.Content.Headers.ContentDisposition?.FileName));
    }

    [Fact]
    public async Task Content_WhenItIsNoVideo_IsADownloadOfUnknownBytes()
    {
        using var uploaded = await client.UploadAsync(Calls.Form("<script>alert(1)</script>"u8.ToArray(), "page.html"));
        var video = await uploaded.VideoAsync();

        using var response = await client.GetAsync($"{Calls.Videos}/{video.Id}/content", Token);

        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition?.DispositionType);
    }

    [Theory]
    [InlineData(0, 9, 0, 10)]
    [InlineData(1990, null, 1990, 10)]
    [InlineData(null, 5, 1995, 5)]
    public async Task Content_WhenARangeIsAsked_SendsThatPart(int? from, int? to, int start, int length)
    {
        var clip = Calls.NewClip(2000);
        var video = await client.UploadedAsync(clip);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Calls.Videos}/{video.Id}/content") { Headers = { Range = new RangeHeaderValue(from, to) } };

        using var response = await client.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(clip[start..(start + length)], await response.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(new ContentRangeHeaderValue(start, start + length - 1, 2000), response.Content.Headers.ContentRange);
    }

    [Fact]
    public async Task Content_WhenTheRangeLiesBehindTheEnd_IsNotSatisfiable()
    {
        var video = await client.UploadedAsync(Calls.NewClip(2000));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Calls.Videos}/{video.Id}/content") { Headers = { Range = new RangeHeaderValue(5000, null) } };

        using var response = await client.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
    }

    [Fact]
    public async Task Content_WhenTheClientHasIt_IsNotSentAgain()
    {
        var video = await client.UploadedAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Calls.Videos}/{video.Id}/content");
        request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue($"\"{video.Sha256}\""));

        using var response = await client.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.NotModified, response.StatusCode);
    }

    [Fact]
    public async Task Frame_WhenItIsSampled_IsAJpegThatMayBeKept()
    {
        var video = await client.UploadedAsync();
        await SampleAsync(video.Id);

        var shown = (await client.GetVideoAsync(video.Id)).Frames;
        using var response = await client.GetAsync(shown[1].Url, Token);

        Assert.Equal([new VideoFrame(0, 0.5, $"{Calls.Videos}/{video.Id}/frames/0"), new VideoFrame(1, 1.5, $"{Calls.Videos}/{video.Id}/frames/1")], shown);
        Assert.Equal("jpeg of frame 1", await response.Content.ReadAsStringAsync(Token));
        Assert.Equal("image/jpeg", response.Content.Headers.ContentType?.ToString());
        Assert.Contains("immutable", response.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        Assert.NotNull(response.Headers.ETag);
    }

    [Fact]
    public async Task Frame_WhenItIsNotThere_SaysWhether()
    {
        var video = await client.UploadedAsync();

        using var early = await client.GetAsync($"{Calls.Videos}/{video.Id}/frames/0", Token);
        await SampleAsync(video.Id);
        using var beyond = await client.GetAsync($"{Calls.Videos}/{video.Id}/frames/2", Token);

        await early.IsProblemAsync(HttpStatusCode.Conflict, "frames-not-sampled");
        await beyond.IsProblemAsync(HttpStatusCode.NotFound, "frame-not-found");
    }

    private async Task SampleAsync(Guid id)
    {
        await host.Harness.Bus.Publish(await host.Store.StoredFramesAsync(id), Token);
        await Eventually.TrueAsync("it is sampled", async _ => (await client.GetVideoAsync(id)).Frames.Count == 2, Token);
    }
}
