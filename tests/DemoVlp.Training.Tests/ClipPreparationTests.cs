using System.Net.Http.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Standalone;
using DemoVlp.Testing;
using DemoVlp.Training.Datasets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.Training.Tests;

public sealed class ClipPreparationTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Prepare_HasEachClipExtractedOnce_AndDoesNotWaitForOneThatFails()
    {
        using var app = new TrainingApp();
        app.Neighbours.Extraction = clip => clip == "val1" ? "fail" : "extract";
        var client = await WithShapesAsync(app, "shapes", 3);
        var told = new Progress();

        await PrepareAsync(app, "shapes", ["val", "train"], told);

        var (train, val) = (await ListAsync(app, "shapes", "train"), await ListAsync(app, "shapes", "val"));
        Assert.All(train.Concat(val).Where(c => c.Id != "val1"), clip => Assert.NotNull(clip.Regions));
        Assert.Equal("There is nothing in it.", val.Single(c => c.Id == "val1").Missing);
        var frames = await app.InScopeAsync<ClipRegionsReader, IReadOnlyList<Modeling.Regions.FrameRegions>>(reader => reader.ReadAsync(train[0].Regions!, Stop));
        Assert.Equal(2, frames.Count);
        Assert.Equal(new PrepareProgress(6, 6), told.Last);
        Assert.All(await ListAsync(app, "shapes", "test"), clip => Assert.Null(clip.Regions));
        Assert.Equal(6, app.Neighbours.Videos.Count);
        Assert.All(app.Neighbours.Videos, video => Assert.Equal("shapes", video.Dataset));
        Assert.Equal(6, app.Neighbours.Videos.Select(v => v.VideoId).Distinct().Count());
        var dataset = (await client.GetFromJsonAsync<Dataset>("/api/v1/datasets/shapes", Stop))!;
        Assert.Equal([3, 2, 0], dataset.Splits.Select(s => s.WithRegions));
        Assert.Equal(("val1", FailureCodes.NoFrames), dataset.FirstUnusable.Select(u => (u.Clip, u.Reason)).Single());
        Assert.Equal(dataset.FirstUnusable.Single(), await client.GetFromJsonAsync<UnusableClip>("/api/v1/datasets/shapes/unusable", Stop));

        await PrepareAsync(app, "shapes", ["train", "val"], told);
        Assert.Equal(6, app.Neighbours.Videos.Count);
        // What belongs to a data set is no uploaded video.
        Assert.Equal(0, await app.InDatabaseAsync(database => database.Clips.CountAsync(Stop)));
    }

    [Fact]
    public async Task Prepare_NeverAsksForMoreThanTwentyFourClipsAtOnce()
    {
        using var app = new TrainingApp();
        app.Neighbours.Extraction = _ => "nothing";
        await WithShapesAsync(app, "shapes", 26);
        var preparing = PrepareAsync(app, "shapes", ["train"], null);
        await Eventually.TrueAsync("24 are asked for", () => app.Neighbours.Videos.Count == 24, Stop, TimeSpan.FromMinutes(1));

        app.Neighbours.Extraction = _ => "extract";
        var answered = 0;
        foreach (var video in app.Neighbours.Videos.Take(24).ToList())
        {
            Assert.InRange(app.Neighbours.Videos.Count, 24, 24 + answered);
            await app.PublishAsync(await ExtractionStandIn.ExtractedAsync(video, app.Artifacts, Stop), Stop);
            answered++;
        }
        await preparing;
        Assert.Equal(26, app.Neighbours.Videos.Count);
    }

    [Fact]
    public async Task Prepare_WhenNothingIsHeard_AsksAgainForTheSameVideos()
    {
        using var folder = new TemporaryFolder();
        List<Guid> first;
        using (var app = new TrainingApp(folder))
        {
            app.Neighbours.Extraction = clip => clip == "train0" ? "extract" : "nothing";
            await WithShapesAsync(app, "shapes", 2);
            using var gone = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var preparing = PrepareAsync(app, "shapes", ["train"], null, gone.Token);
            await Eventually.TrueAsync("both are asked for, one is answered", async stop => app.Neighbours.Videos.Count == 2 && (await ListAsync(app, "shapes", "train"))[0].Regions is not null, Stop);
            // A while later the other one is asked for once more.
            app.Time.Forward(TimeSpan.FromMinutes(3));
            await Eventually.TrueAsync("one is asked for again", () => app.Neighbours.Videos.Count == 3, Stop);
            first = [.. app.Neighbours.Videos.Select(v => v.VideoId)];
            Assert.Equal(first[1], first[2]);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => preparing);
        }

        // What a process had asked for is forgotten with it, and asked again at once.
        using var next = new TrainingApp(folder);
        next.Time.Forward(TimeSpan.FromMinutes(3));
        next.CreateClient();
        await PrepareAsync(next, "shapes", ["train"], null);
        Assert.Equal(first[1], Assert.Single(next.Neighbours.Videos).VideoId);
        Assert.All(await ListAsync(next, "shapes", "train"), clip => Assert.NotNull(clip.Regions));
    }

    [Fact]
    public async Task Answers_OfADeletedSet_AreTakenBack()
    {
        using var app = new TrainingApp();
        var client = await WithShapesAsync(app, "shapes", 2);
        await PrepareAsync(app, "shapes", ["test"], null);
        var video = app.Neighbours.Videos.First();
        await client.DeleteAsync("/api/v1/datasets/shapes", Stop);
        await Eventually.TrueAsync("the rows are gone", async stop => !await app.InDatabaseAsync(database => database.DatasetClips.AnyAsync(stop)), Stop);
        await DeletedAsync(app, video.VideoId);

        var late = new RegionsExtracted { VideoId = Guid.CreateVersion7(), Regions = new("videos/a/regions", "00", 1, "x"), RegionCount = 1, Detector = "test", Dataset = "shapes" };
        await app.PublishAsync(late, Stop);

        await DeletedAsync(app, late.VideoId);
        Assert.Equal(0, await app.InDatabaseAsync(database => database.Clips.CountAsync(Stop)));
    }

    [Fact]
    public async Task Prepare_InTheWholeSystem_HasItsOwnServicesExtractTheClips_AndKeepsThemOutOfTheLibrary()
    {
        using var data = new TemporaryFolder();
        await using var system = StandaloneHost.Build([$"--DEMOVLP_DATA={data.Path}", "--DEMOVLP_PORT=0"]);
        await system.StartAsync(Stop);
        using var client = new HttpClient { BaseAddress = new Uri(system.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        (await client.PostAsJsonAsync("/api/v1/datasets", ShapesDatasetTests.Shapes("shapes", 2), Stop)).EnsureSuccessStatusCode();
        await using var scope = system.Services.CreateAsyncScope();
        var dataset = (await scope.ServiceProvider.GetRequiredService<DatasetCatalog>().FindAsync("shapes", Stop))!;

        await dataset.PrepareAsync(["test"], null, Stop);

        var clips = await dataset.ListAsync("test", Stop);
        Assert.Equal(2, clips.Count);
        foreach (var clip in clips)
        {
            var frames = await scope.ServiceProvider.GetRequiredService<ClipRegionsReader>().ReadAsync(clip.Regions!, Stop);
            Assert.True(frames.Count > 1);
            Assert.Contains(frames, frame => frame.Count > 0);
        }
        var store = scope.ServiceProvider.GetRequiredService<IArtifactStore>();
        await Eventually.TrueAsync("the frames, which nobody needs, are gone", () => !store.List("videos").Any(key => key.EndsWith(".jpg", StringComparison.Ordinal)), Stop);
        Assert.Empty((await client.GetFromJsonAsync<Page<Video>>("/api/v1/videos", Stop))!.Items);
        Assert.Equal(0, (await client.GetFromJsonAsync<Dataset>("/api/v1/datasets/library", Stop))!.Clips);
        await client.DeleteAsync("/api/v1/datasets/shapes", Stop);
        await Eventually.TrueAsync("the regions are gone with the data set", () => !store.List("videos").Any() && !store.List("datasets").Any(), Stop);
        await system.StopAsync(Stop);
    }

    private static Task DeletedAsync(TrainingApp app, Guid video) =>
        Eventually.TrueAsync("all of the clip is to be deleted", () => app.Neighbours.Deleted.Any(d => d.VideoId == video && d.Dataset == "shapes"), Stop);

    private static async Task<HttpClient> WithShapesAsync(TrainingApp app, string name, int clips)
    {
        var client = app.CreateClient();
        (await client.PostAsJsonAsync("/api/v1/datasets", ShapesDatasetTests.Shapes(name, clips), Stop)).EnsureSuccessStatusCode();
        return client;
    }

    private static Task<int> PrepareAsync(TrainingApp app, string name, IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken? stop = null) =>
        app.InScopeAsync<DatasetCatalog, int>(async catalog =>
        {
            // A clip that is never answered would be waited for for ever.
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop ?? Stop);
            deadline.CancelAfter(TimeSpan.FromMinutes(2));
            await (await catalog.FindAsync(name, Stop))!.PrepareAsync(splits, progress, deadline.Token);
            return 0;
        });

    private static Task<IReadOnlyList<Clip>> ListAsync(TrainingApp app, string name, string split) =>
        app.InScopeAsync<DatasetCatalog, IReadOnlyList<Clip>>(async catalog => await (await catalog.FindAsync(name, Stop))!.ListAsync(split, Stop));

    private sealed class Progress : IProgress<PrepareProgress>
    {
        public PrepareProgress Last { get; private set; }

        public void Report(PrepareProgress value)
        {
            Assert.True(value.Done >= Last.Done || value.Total != Last.Total);
            Last = value;
        }
    }
}
