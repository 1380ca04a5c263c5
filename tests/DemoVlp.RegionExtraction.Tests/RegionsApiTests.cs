using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using SkiaSharp;

namespace DemoVlp.RegionExtraction.Tests;

public sealed class RegionsApiTests(ExtractionHost host)
{
    [Fact]
    public async Task Get_WhenRegionsWereExtracted_NamesThem()
    {
        var extracted = await ExtractAsync();

        var regions = await host.CreateClient().GetFromJsonAsync<VideoRegions>($"/api/v1/videos/{extracted.VideoId}/regions", Frames.Token);

        Assert.Equal("moving-shapes-1", regions!.Detector);
        Assert.Equal([(0, 0.5, 96, 64), (1, 1.5, 96, 64)], regions.Frames.Select(f => (f.Index, f.TimestampSeconds, f.Width, f.Height)));
        var all = regions.Frames.SelectMany(f => f.Regions).ToList();
        Assert.Equal(extracted.RegionCount, all.Count);
        Assert.All(all, r =>
        {
            Assert.Equal(4, r.Box.Count);
            Assert.Contains(r.Label, (string[])["circle", "square", "triangle", "star", "cross", "ring", "heart", "hexagon"]);
            Assert.Contains(r.Attribute, (string[])["red", "green", "blue", "yellow", "purple", "orange", "cyan", "white"]);
            Assert.InRange(r.Confidence, 0f, 1f);
        });
    }

    [Fact]
    public async Task Get_WhenThereAreNone_IsNotFound() =>
        await AssertProblemAsync(HttpStatusCode.NotFound, "regions-not-found", Guid.NewGuid());

    [Fact]
    public async Task Get_WhenTheFileIsDamaged_SaysSoWithoutDetails()
    {
        var extracted = await ExtractAsync();
        var path = host.PathOf(extracted.Regions.Key);
        await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(path, Frames.Token))[..200], Frames.Token);

        await AssertProblemAsync(HttpStatusCode.InternalServerError, "regions-corrupt", extracted.VideoId);
    }

    private async Task<RegionsExtracted> ExtractAsync()
    {
        var jpeg = Frames.Draw(96, 64, SKColors.White, SKColors.Green);
        var video = await Frames.StoreAsync(host.Store, 96, 64, jpeg, jpeg);
        await host.PublishAsync(video);
        return await host.ReceivedAsync<RegionsExtracted>(m => m.VideoId == video.VideoId);
    }

    private async Task AssertProblemAsync(HttpStatusCode status, string code, Guid id)
    {
        using var response = await host.CreateClient().GetAsync($"/api/v1/videos/{id}/regions", Frames.Token);
        Assert.Equal(status, response.StatusCode);
        using var problem = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(Frames.Token), cancellationToken: Frames.Token);
        Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
    }
}
