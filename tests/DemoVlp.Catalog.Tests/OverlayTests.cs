using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Catalog.Regions;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;
using SkiaSharp;

namespace DemoVlp.Catalog.Tests;

/// <summary>Regions in words and in pictures.</summary>
public sealed class OverlayTests(CatalogFixture fixture) : IClassFixture<CatalogFixture>
{
    private readonly CatalogHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Regions_WhenExtracted_AreNamed()
    {
        var id = await ExtractedAsync("d1");

        var regions = await client.GetFromJsonAsync<VideoRegions>($"{Calls.Videos}/{id}/regions", Token);

        Assert.Equal(("shapes", "d1"), (regions!.Detector, regions.DetectorHash));
        var region = regions.Frames.Single().Regions[0];
        Assert.Equal(("circle", "red", 0.9f), (region.Label, region.Attribute, region.Confidence));
        Assert.Equal([40, 30, 100, 90], region.Box);
    }

    [Fact]
    public async Task Regions_WhenThereAreNone_AreNotFound()
    {
        var id = (await client.UploadedAsync()).Id;

        using var early = await client.GetAsync($"{Calls.Videos}/{id}/regions", Token);
        using var unknown = await client.GetAsync($"{Calls.Videos}/{Guid.NewGuid()}/regions", Token);

        await early.IsProblemAsync(HttpStatusCode.NotFound, "regions-not-found");
        await unknown.IsProblemAsync(HttpStatusCode.NotFound, "video-not-found");
    }

    [Fact]
    public async Task Overlay_WhenExtracted_IsThePictureWithBoxesAndNames()
    {
        var id = await ExtractedAsync("d1");

        using var response = await client.GetAsync(Overlay(id), Token);

        Assert.Equal("image/jpeg", response.Content.Headers.ContentType?.MediaType);
        using var picture = SKBitmap.Decode(await response.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal((960, 720), (picture.Width, picture.Height)); // 160x120, enlarged so that names can be read.
        var edge = picture.GetPixel(240, 400); // The left side of the first box.
        Assert.True(edge.Red > 150 && edge.Green < 100 && edge.Blue < 140, edge.ToString());
        var ground = picture.GetPixel(100, 100);
        Assert.True(ground.Red > 240 && ground.Green > 240, ground.ToString());
        Assert.Contains(Enumerable.Range(245, 80), x => Enumerable.Range(160, 20).Any(y => picture.GetPixel(x, y) is { Red: > 240, Green: > 240, Blue: > 240 })); // Letters.
    }

    [Fact]
    public async Task Overlay_WhenFewerAreWanted_DrawsTheMostConfident()
    {
        var id = await ExtractedAsync("d1");

        using var one = SKBitmap.Decode(await client.GetByteArrayAsync($"{Overlay(id)}&top=1", Token));
        using var both = SKBitmap.Decode(await client.GetByteArrayAsync($"{Overlay(id)}&top=2", Token));

        Assert.True(one.GetPixel(660, 620).Green > 240); // The second box's left side.
        Assert.InRange(both.GetPixel(660, 620).Red, 0, 140);
    }

    [Theory]
    [InlineData("")]
    [InlineData("&top=100")]
    public async Task Overlay_WhenRegionsAreHardlyBelieved_LeavesThemOut(string wish)
    {
        var (below, least) = (await ExtractedAsync("d1", second: 0.04f), await ExtractedAsync("d1", second: 0.05f));

        using var without = SKBitmap.Decode(await client.GetByteArrayAsync(Overlay(below) + wish, Token));
        using var with = SKBitmap.Decode(await client.GetByteArrayAsync(Overlay(least) + wish, Token));

        Assert.True(without.GetPixel(660, 620).Green > 240); // The second box's left side.
        Assert.InRange(with.GetPixel(660, 620).Red, 0, 140);
    }

    [Fact]
    public async Task Overlay_WhenTheClientHasIt_IsNotSentAgainUntilTheDetectorIsAnother()
    {
        var id = await ExtractedAsync("d1");
        using var first = await client.GetAsync(Overlay(id), Token);

        using var same = await AskAsync(id, first.Headers.ETag!);
        await PublishRegionsAsync(id, "d2", (await host.RowAsync(id)).Frames![0]);
        using var changed = await AskAsync(id, first.Headers.ETag!);

        Assert.Equal((HttpStatusCode.NotModified, HttpStatusCode.OK), (same.StatusCode, changed.StatusCode));
        Assert.NotEqual(first.Headers.ETag, changed.Headers.ETag);
    }

    [Theory]
    [InlineData("overlay=boxes", "bad-overlay")]
    [InlineData("overlay=regions&top=0", "bad-top")]
    [InlineData("overlay=regions&top=101", "bad-top")]
    [InlineData("overlay=regions&top=many", "bad-request")]
    public async Task Overlay_WhenItIsNotUnderstood_IsRefused(string query, string code)
    {
        using var response = await client.GetAsync($"{Calls.Videos}/{Guid.NewGuid()}/frames/0?{query}", Token);

        await response.IsProblemAsync(HttpStatusCode.BadRequest, code);
    }

    [Fact]
    public async Task Overlay_WhenFrameOrRegionsAreNotThere_SaysWhich()
    {
        var id = (await client.UploadedAsync()).Id;
        using var early = await client.GetAsync(Overlay(id), Token);
        await PublishFramesAsync(id, Picture(160, 120));
        using var sampled = await client.GetAsync(Overlay(id), Token);
        using var beyond = await client.GetAsync($"{Calls.Videos}/{id}/frames/7?overlay=regions", Token);

        await early.IsProblemAsync(HttpStatusCode.Conflict, "frames-not-sampled");
        await sampled.IsProblemAsync(HttpStatusCode.Conflict, "regions-not-extracted");
        await beyond.IsProblemAsync(HttpStatusCode.NotFound, "frame-not-found");
    }

    [Fact]
    public async Task Overlay_WhenTheFrameIsNoPicture_SaysSoWithoutDetails()
    {
        var id = await ExtractedAsync("d1", "no picture"u8.ToArray());

        using var response = await client.GetAsync(Overlay(id), Token);

        await response.IsProblemAsync(HttpStatusCode.InternalServerError, "frame-corrupt");
    }

    [Fact]
    public void Draw_WhenNamesAreStrangeAndBoxesLieOutside_StillDraws()
    {
        var regions = new FrameRegionList(0, 0, 40, 4, [
            new([-50, -50, 500, 500], new string('w', 300), "каштановый", 1), new([39, 3, 40, 4], "汉字", "", 0), new([0, 0, 0, 0], "", "", 0.5f)]);

        Assert.NotEmpty(RegionDrawing.Draw(Picture(40, 4), regions, 100)!);
    }

    private static string Overlay(Guid id) => $"{Calls.Videos}/{id}/frames/0?overlay=regions";

    private async Task<HttpResponseMessage> AskAsync(Guid id, EntityTagHeaderValue known)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Overlay(id)) { Headers = { IfNoneMatch = { known } } };
        return await client.SendAsync(request, Token);
    }

    private async Task<Guid> ExtractedAsync(string detector, byte[]? frame = null, float second = 0.6f)
    {
        var id = (await client.UploadedAsync()).Id;
        await PublishRegionsAsync(id, detector, await PublishFramesAsync(id, frame ?? Picture(160, 120)), second);
        return id;
    }

    private async Task<SampledFrame> PublishFramesAsync(Guid id, byte[] jpeg)
    {
        var frame = new SampledFrame(0, 0.5, 160, 120, await StoreAsync($"{VideoArtifacts.Frames(id)}/0.jpg", "image/jpeg", jpeg));
        await host.Harness.Bus.Publish(Events.Frames(id) with { Frames = [frame] }, Token);
        await Eventually.TrueAsync("it is sampled", async _ => (await host.RowAsync(id)).Frames is not null, Token);
        return frame;
    }

    private async Task PublishRegionsAsync(Guid id, string detector, SampledFrame frame, float second = 0.6f)
    {
        var listing = new VideoRegions("shapes", detector, [new FrameRegionList(frame.Index, frame.TimestampSeconds, frame.Width, frame.Height,
            [new([40, 30, 100, 90], "circle", "red", 0.9f), new([110, 60, 150, 110], "square", "blue", second)])]);
        await host.Harness.Bus.Publish(Events.Regions(id) with
        {
            Detector = "shapes", DetectorHash = detector,
            Listing = await StoreAsync($"{VideoArtifacts.Regions(id)}/{detector}.json", "application/json", JsonSerializer.SerializeToUtf8Bytes(listing, JsonSerializerOptions.Web)),
        }, Token);
        await Eventually.TrueAsync("it is extracted", async _ => (await host.RowAsync(id)).DetectorHash == detector, Token);
    }

    private Task<ArtifactRef> StoreAsync(string key, string type, byte[] bytes) => host.Store.WriteAsync(key, type, (target, stop) => target.WriteAsync(bytes, stop).AsTask(), Token);

    private static byte[] Picture(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        bitmap.Erase(SKColors.White);
        return bitmap.Encode(SKEncodedImageFormat.Jpeg, 95).ToArray();
    }
}
