using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.RegionExtraction.Extraction;
using DemoVlp.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SkiaSharp;
using System.Text.Json;

namespace DemoVlp.RegionExtraction.Tests;

/// <summary>Extraction in groups, with a detector whose every call is seen.</summary>
public sealed class VideoExtractionTests : IDisposable
{
    private static readonly byte[] Jpeg = Frames.Draw(32, 24, SKColors.Black, SKColors.Blue);
    private readonly TemporaryFolder folder = new();
    private readonly LocalArtifactStore store;

    public VideoExtractionTests() => store = new LocalArtifactStore(folder["store"]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Continue_WhenTheTimeForAMessageIsUp_StopsAfterAGroupAndGoesOnThere()
    {
        var detector = new FakeDetector();
        await using var service = await StartAsync(detector, TimeSpan.Zero);
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 5)]);

        var steps = new List<ExtractionStep>();
        do steps.Add(await service.Extraction.ContinueAsync(video, Frames.Token)); while (steps[^1].Extracted is null && steps.Count < 10);

        Assert.Equal([(2, 5), (4, 5)], steps.SkipLast(1).Select(s => (s.Progress!.FramesDone, s.Progress.FramesTotal)));
        Assert.Equal([[0, 1], [2, 3], [4]], detector.Seen);
        Assert.Equal(5, steps[^1].Extracted!.RegionCount);
        Assert.Empty(store.List($"{VideoArtifacts.Regions(video.VideoId)}/groups"));
    }

    [Fact]
    public async Task Continue_WhenTheDetectorBecomesSlow_MakesSmallerGroupsAndLosesNoneThatIsFinished()
    {
        var clock = new Clock();
        var detector = new FakeDetector { Before = (frames, _) => clock.Seconds += 90 * frames.Count };
        await using var service = await StartAsync(detector, TimeSpan.Zero, clock);
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 5)]);

        var done = new List<int>();
        while ((await service.Extraction.ContinueAsync(video, Frames.Token)).Progress is { } progress) done.Add(progress.FramesDone);

        Assert.Equal([[0, 1], [2], [3], [4]], detector.Seen);
        Assert.Equal([2, 3, 4], done);
    }

    [Fact]
    public async Task Continue_WhenTheDetectorIsQuickAgain_KeepsTheSmallGroupsToo()
    {
        var clock = new Clock();
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 6)]);
        await using (var slow = await StartAsync(new FakeDetector { Before = (frames, _) => clock.Seconds += 90 * frames.Count }, TimeSpan.Zero, clock))
            for (var message = 0; message < 2; message++) await slow.Extraction.ContinueAsync(video, Frames.Token);
        var detector = new FakeDetector();
        await using var quick = await StartAsync(detector);

        Assert.NotNull((await quick.Extraction.ContinueAsync(video, Frames.Token)).Extracted);
        Assert.Equal([[3, 4], [5]], detector.Seen);
    }

    [Theory]
    [InlineData(4, 8)]
    [InlineData(4, 3)]
    [InlineData(8, 4)]
    [InlineData(6, 4)]
    public async Task Continue_WhenGroupsAreOfAnotherSizeNow_KeepsThoseThatAreFinished(int before, int now)
    {
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 12)]);
        await using (var old = await StartAsync(new FakeDetector(), TimeSpan.Zero, microBatch: before)) await old.Extraction.ContinueAsync(video, Frames.Token);
        var detector = new FakeDetector();
        await using var service = await StartAsync(detector, microBatch: now);

        Assert.NotNull((await service.Extraction.ContinueAsync(video, Frames.Token)).Extracted);
        Assert.Equal(Enumerable.Range(before, 12 - before), detector.Seen.SelectMany(frames => frames));
    }

    [Fact]
    public async Task Continue_OfADuplicateBesideTheFirst_WaitsAndDoesNothingAgain()
    {
        using var free = new ManualResetEventSlim();
        var detector = new FakeDetector { Before = (_, stopping) => free.Wait(TimeSpan.FromMinutes(1), stopping) };
        await using var service = await StartAsync(detector);
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 5)]);

        var first = service.Extraction.ContinueAsync(video, Frames.Token);
        var duplicate = service.Extraction.ContinueAsync(video, Frames.Token);
        free.Set();

        Assert.NotNull((await first).Extracted);
        Assert.Equal(new ExtractionStep(null, null, Reused: false), await duplicate);
        Assert.True((await service.Extraction.ContinueAsync(video, Frames.Token)).Reused);
        Assert.Equal([[0, 1], [2, 3], [4]], detector.Seen);
    }

    [Fact]
    public async Task Continue_WhenTheListingIsDamaged_WritesItAnew()
    {
        await using var service = await StartAsync(new FakeDetector());
        var video = await Frames.StoreAsync(store, 32, 24, Jpeg);
        var extracted = (await service.Extraction.ContinueAsync(video, Frames.Token)).Extracted!;
        await File.WriteAllTextAsync(folder[$"store/{extracted.Listing!.Key}"], "half", Frames.Token);

        Assert.Equal(extracted, (await service.Extraction.ContinueAsync(video, Frames.Token)).Extracted);
        Assert.NotEmpty(await store.ReadAsync(extracted.Listing, Frames.Token));
    }

    [Fact]
    public async Task Continue_WhenTheProcessDiedBetweenGroups_DoesOnlyWhatIsMissing()
    {
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 6)]);
        var first = new FakeDetector { Before = (frames, _) => { if (frames[0].FrameIndex == 4) throw new IOException("killed"); } };
        await using (var killed = await StartAsync(first)) await Assert.ThrowsAsync<IOException>(() => killed.Extraction.ContinueAsync(video, Frames.Token));
        var second = new FakeDetector();
        await using var service = await StartAsync(second);

        var resumed = await service.Extraction.ContinueAsync(video, Frames.Token);
        var whole = (await service.Extraction.ContinueAsync(video, Frames.Token), store.OpenRead(resumed.Extracted!.Regions));

        Assert.Equal([[4, 5]], second.Seen);
        Assert.True(whole.Item1.Reused);
        await using (whole.Item2) Assert.Equal(Enumerable.Range(0, 6), RegionFile.Load(whole.Item2).Frames.Select(f => f.FrameIndex));
    }

    [Fact]
    public async Task Continue_WhenItWasInterrupted_GivesTheBytesOfOneGo()
    {
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 5)]);
        await using var slow = await StartAsync(new FakeDetector(), TimeSpan.Zero);
        RegionsExtracted? inPieces = null;
        while (inPieces is null) inPieces = (await slow.Extraction.ContinueAsync(video, Frames.Token)).Extracted;
        store.Delete(VideoArtifacts.Regions(video.VideoId));
        await using var quick = await StartAsync(new FakeDetector());

        Assert.Equal(inPieces, (await quick.Extraction.ContinueAsync(video, Frames.Token)).Extracted);
    }

    [Fact]
    public async Task Continue_WhenAGroupIsDamaged_MakesItAnew()
    {
        var detector = new FakeDetector();
        await using var service = await StartAsync(detector, TimeSpan.Zero);
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 4)]);
        await service.Extraction.ContinueAsync(video, Frames.Token);
        foreach (var key in store.List($"{VideoArtifacts.Regions(video.VideoId)}/groups")) await File.WriteAllTextAsync(folder[$"store/{key}"], "half", Frames.Token);

        while ((await service.Extraction.ContinueAsync(video, Frames.Token)).Extracted is null) ;

        Assert.Equal([[0, 1], [0, 1], [2, 3]], detector.Seen);
    }

    [Fact]
    public async Task Continue_WhenTheDetectorIsAnother_ExtractsAgainAndLeavesTheOldRegionsWhereTheyAre()
    {
        var video = await Frames.StoreAsync(store, 32, 24, Jpeg);
        await using var old = await StartAsync(new FakeDetector("aaaaaaaaaaaa"));
        var before = (await old.Extraction.ContinueAsync(video, Frames.Token)).Extracted!;
        await using var service = await StartAsync(new FakeDetector("bbbbbbbbbbbb"));

        var after = await service.Extraction.ContinueAsync(video, Frames.Token);

        Assert.False(after.Reused);
        Assert.Equal(("aaaaaaaaaaaa", "bbbbbbbbbbbb"), (before.DetectorHash, after.Extracted!.DetectorHash));
        Assert.NotEqual(before.Regions.Key, after.Extracted.Regions.Key);
        Assert.NotEmpty(await store.ReadAsync(before.Regions, Frames.Token));
    }

    [Fact]
    public async Task Continue_WhenFramesHaveTheSameTimesButOtherPictures_DoesNotTakeTheOldRegions()
    {
        await using var service = await StartAsync(new FakeDetector());
        var video = await Frames.StoreAsync(store, 32, 24, Jpeg);
        await service.Extraction.ContinueAsync(video, Frames.Token);
        var other = await Frames.StoreAsync(store, 32, 24, Frames.Draw(32, 24, SKColors.White, SKColors.Red));

        Assert.False((await service.Extraction.ContinueAsync(other with { VideoId = video.VideoId }, Frames.Token)).Reused);
    }

    [Fact]
    public async Task Listing_NamesEveryRegion()
    {
        await using var service = await StartAsync(new FakeDetector());
        var video = await Frames.StoreAsync(store, 32, 24, Jpeg, Jpeg);

        var extracted = (await service.Extraction.ContinueAsync(video, Frames.Token)).Extracted!;

        var listing = JsonSerializer.Deserialize<VideoRegions>(await store.ReadAsync(extracted.Listing!, Frames.Token), JsonSerializerOptions.Web)!;
        Assert.Equal(("fake", "f00d0000cafe"), (listing.Detector, listing.DetectorHash));
        Assert.Equal([(0, 0.5, 32, 24), (1, 1.5, 32, 24)], listing.Frames.Select(f => (f.Index, f.TimestampSeconds, f.Width, f.Height)));
        Assert.All(listing.Frames.SelectMany(f => f.Regions), r => Assert.Equal(("cat", "red", 0.5f), (r.Label, r.Attribute, r.Confidence)));
    }

    [Fact]
    public async Task Continue_WhenSizesDiffer_ExtractsFramesOfOneSizeTogether()
    {
        var detector = new FakeDetector();
        await using var service = await StartAsync(detector);
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 3)]);
        var wide = await Frames.StoreAsync(store, 48, 24, Frames.Draw(48, 24, SKColors.Black, SKColors.Blue));

        await service.Extraction.ContinueAsync(video with { Frames = [.. video.Frames, wide.Frames[0] with { Index = 3 }, video.Frames[0] with { Index = 4 }] }, Frames.Token);

        Assert.Equal([[0, 1], [2], [3], [4]], detector.Seen);
    }

    private async Task<Service> StartAsync(FakeDetector detector, TimeSpan? budget = null, TimeProvider? time = null, int microBatch = 2)
    {
        var options = new RegionExtractionOptions { MicroBatch = microBatch, MessageBudget = budget ?? TimeSpan.FromMinutes(1), DetectorDirectory = folder["detector"] };
        var worker = new DetectorWorker(store, new Settings<RegionExtractionOptions>(options), new ComputeSettings(TorchSharp.torch.CPU, ComputePrecision.Float32, 1), detector, NullLogger<DetectorWorker>.Instance);
        await worker.StartAsync(Frames.Token);
        var chosen = Options.Create(options);
        var batches = new SharedBatches(worker, new FrameBatches(chosen, time ?? TimeProvider.System, NullLogger<FrameBatches>.Instance));
        return new(worker, new VideoExtraction(worker, batches, new RegionStore(store, NullLogger<RegionStore>.Instance), store, chosen));
    }

    private sealed record Service(DetectorWorker Worker, VideoExtraction Extraction) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Worker.StopAsync(CancellationToken.None);
            Worker.Dispose();
        }
    }
}
