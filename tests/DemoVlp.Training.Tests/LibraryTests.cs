using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Tests;

public sealed class LibraryTests(LibraryTests.App app) : IClassFixture<LibraryTests.App>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Orders => ["d1 d2 r", "r d2 d1", "d2 r d1", "d2 d2 r r d1"];

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Library_WhateverTheOrderOfEvents_HoldsTheLatestCaptionsAndTheRegions(string order)
    {
        var video = NewId.NextGuid();
        foreach (var what in order.Split(' ')) await TellAsync(video, what);

        var clip = await ClipAsync(video, c => c.Regions is not null && c.Revision == 2);
        Assert.Equal(["a second caption"], clip.Captions);
    }

    [Theory]
    [InlineData("x d1 r")]
    [InlineData("d1 r x d2 r")]
    [InlineData("d1 x d2 x r")]
    public async Task Library_OnceAVideoIsDeleted_NothingBringsItBack(string order)
    {
        var video = NewId.NextGuid();
        foreach (var what in order.Split(' ')) await TellAsync(video, what);

        var clip = await ClipAsync(video, c => c.Deleted);
        Assert.Empty(clip.Captions);
        Assert.Null(clip.Regions);
    }

    [Fact]
    public async Task Library_WhenTheFirstEventsComeAtOnce_LosesNone()
    {
        var videos = Enumerable.Range(0, 24).Select(_ => NewId.NextGuid()).ToList();
        // All consumers start together: whichever makes the row, the others' parts must be in it.
        await Task.WhenAll(videos.SelectMany(v => new[] { TellAsync(v, "d2"), TellAsync(v, "r"), TellAsync(v, "d1") }));

        foreach (var video in videos)
        {
            var clip = await ClipAsync(video, c => c.Regions is not null && c.Revision == 2);
            Assert.Equal(["a second caption"], clip.Captions);
        }
    }

    [Fact]
    public async Task Datasets_WithClipsThatLackSomething_CountThemByReason()
    {
        using var own = new TrainingApp();
        var client = own.CreateClient();
        var regions = await own.WriteRegionsAsync(NewId.NextGuid(), 1, Stop);
        Guid whole = NewId.NextGuid(), silent = NewId.NextGuid(), blind = NewId.NextGuid();
        await own.PublishAsync(new VideoDescribed { VideoId = whole, Revision = 1, Title = "t", Captions = ["a red\ncircle ", "a red circle", "a circle", " "] }, Stop);
        await own.PublishAsync(new RegionsExtracted { VideoId = whole, Regions = regions, RegionCount = 6, Detector = "test" }, Stop);
        await own.PublishAsync(new VideoDescribed { VideoId = silent, Revision = 1, Title = "t", Captions = [] }, Stop);
        await own.PublishAsync(new RegionsExtracted { VideoId = silent, Regions = regions, RegionCount = 6, Detector = "test" }, Stop);
        await own.PublishAsync(new VideoDescribed { VideoId = blind, Revision = 1, Title = "t", Captions = ["a blue square"] }, Stop);

        await Eventually.TrueAsync("all three are counted",
            async stop => await TrainingApp.LibraryAsync(client, stop) is { Clips: 1, Captions: 2 } library
                && library.Unusable.GetValueOrDefault("no-captions") == 1 && library.Unusable.GetValueOrDefault("no-regions") == 1, Stop);
        var unusable = (await client.GetStringAsync("/api/v1/datasets/library/unusable", Stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, unusable.Length);
        Assert.Contains(unusable, line => line.Contains(silent.ToString(), StringComparison.Ordinal) && line.Contains("no-captions", StringComparison.Ordinal));
        await ShapesDatasetTests.ProblemAsync(await client.GetAsync("/api/v1/datasets/nowhere/unusable", Stop), 404, "dataset-not-found");
    }

    [Theory]
    [InlineData(19, false)]
    [InlineData(60, true)]
    public async Task Splits_OfManyClips_KeepSomeForValidationWhichTheirIdsDecide(int count, bool divided)
    {
        using var own = new TrainingApp();
        own.CreateClient();
        // Ids whose hashes are spread.
        var ids = Enumerable.Range(1, count).Select(i => new Guid(i, 0, 0, new byte[8])).ToList();
        await own.InDatabaseAsync(database =>
        {
            database.Clips.AddRange(ids.Select(id => new Data.ClipRow { VideoId = id, Captions = ["a caption"], CaptionCount = 1, Regions = new("videos/a/regions", "00", 1, "x") }));
            return database.SaveChangesAsync(Stop);
        });

        await own.InScopeAsync<Datasets.LibraryDataset, int>(async library =>
        {
            var (train, val, all) = (await IdsAsync(library, "train"), await IdsAsync(library, "val"), await IdsAsync(library, "all"));
            Assert.Equal(ids.Select(id => id.ToString()), all);
            Assert.Equal(all, train.Concat(val).Order(StringComparer.Ordinal));
            Assert.InRange(val.Count, divided ? 1 : 0, divided ? count / 5 : 0);
            Assert.Equal(divided ? ["train", "val", "all"] : ["train", "all"], await library.SplitsAsync(Stop));
            Assert.Equal(val.Count, (await library.DescribeAsync(Stop)).Splits.Where(s => s.Name == "val").Sum(s => s.Clips));
            var page = await library.PageAsync("all", all[6], 3, Stop);
            Assert.Equal(all.Skip(7).Take(3), page.Select(c => c.Id));
            return 0;
        });

        static async Task<List<string>> IdsAsync(Datasets.LibraryDataset library, string split) => [.. (await library.ListAsync(split, Stop)).Select(c => c.Id)];
    }

    private async Task TellAsync(Guid video, string what)
    {
        switch (what)
        {
            case "d1":
                await app.Training.Bus.Bus.Publish(new VideoDescribed { VideoId = video, Revision = 1, Title = "t", Captions = ["a first caption"] }, Stop);
                break;
            case "d2":
                await app.Training.Bus.Bus.Publish(new VideoDescribed { VideoId = video, Revision = 2, Title = "t", Captions = ["a second caption"] }, Stop);
                break;
            case "r":
                await app.Training.PublishAsync(new RegionsExtracted { VideoId = video, Regions = new("videos/a/regions", "00", 1, "x"), RegionCount = 1, Detector = "test" }, Stop);
                break;
            default:
                await app.Training.PublishAsync(new VideoDeleted { VideoId = video, DeletedAt = DateTime.UtcNow }, Stop);
                break;
        }
    }

    // All messages of the video must have been consumed before the picture is looked at: a late one could still spoil it.
    private async Task<Data.ClipRow> ClipAsync(Guid video, Func<Data.ClipRow, bool> wished)
    {
        await app.Training.Bus.InactivityTask;
        return await Eventually.ValueAsync("the clip is as expected",
            async stop => await app.Training.InDatabaseAsync(db => db.Clips.AsNoTracking().SingleOrDefaultAsync(c => c.VideoId == video, stop)) is { } clip && wished(clip) ? clip : null, Stop);
    }

    public sealed class App : IDisposable
    {
        public App() => Training.CreateClient();

        public TrainingApp Training { get; } = new();

        public void Dispose() => Training.Dispose();
    }
}
