using System.Net;
using System.Net.Http.Json;
using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Redrive;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.Catalog.Tests;

/// <summary>Another detector is in use: the videos it has not seen are extracted again.</summary>
public sealed class ReExtractionTests : IAsyncDisposable
{
    private const string Address = "/api/v1/regions/re-extraction";
    private static readonly TimeSpan Later = TimeSpan.FromMinutes(3);
    private readonly CatalogHost host = new();
    private readonly HttpClient client;

    public ReExtractionTests() => client = host.Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Begin_WhenNoDetectorIsKnown_IsRefused()
    {
        using var response = await client.PostAsync(Address, null, Token);

        await response.IsProblemAsync(HttpStatusCode.Conflict, "detector-unknown");
    }

    [Fact]
    public async Task Begin_WhenAnotherDetectorIsInUse_RenewsThoseVideosWhileTheirOldRegionsServe()
    {
        var (old, current) = (await IndexedAsync("old"), await IndexedAsync("new"));
        await LoadAsync("new");

        Assert.Equal((1, 0, 0), Counts((await client.GetFromJsonAsync<ReExtraction>(Address, Token))!));
        Assert.Equal((1, 1, 1), Counts(await BeginAsync()));
        Assert.Equal((1, 0, 1), Counts(await BeginAsync())); // Twice is once.

        var waiting = await client.GetVideoAsync(old);
        Assert.Equal((VideoStatus.Indexed, "old", RenewalState.Extracting, 0, 2),
            (waiting.Status, waiting.DetectorHash, waiting.Renewal!.State, waiting.Progress!.FramesExtracted, waiting.Progress.FramesTotal));
        await host.SweepAsync(TimeSpan.Zero);
        var asked = host.Recorder.Of<FramesSampled>(m => m.VideoId == old);
        Assert.Equal(2, asked.Count); // The first is that of the beginning.
        Assert.Equal(asked[0].Frames, asked[1].Frames);
        Assert.Single(host.Recorder.Of<FramesSampled>(m => m.VideoId == current));

        await PublishAsync(new RegionsProgressed { VideoId = old, FramesDone = 1, FramesTotal = 2, DetectorHash = "new" });
        await UntilAsync(old, row => row.FramesExtracted == 1);
        await PublishAsync(Regions(old, "new"));
        await UntilAsync(old, row => row.Renewal == RenewalState.Embedding);
        await PublishAsync(Events.Indexed(old, at: DateTime.UtcNow) with { RegionsSha256 = Sha("new") });
        await UntilAsync(old, row => row.Renewal is null);

        var renewed = await client.GetVideoAsync(old);
        Assert.Equal((VideoStatus.Indexed, "new", null, null), (renewed.Status, renewed.DetectorHash, renewed.Renewal, renewed.Progress));
        Assert.Null((await host.RowAsync(old)).RedriveAt);
        Assert.Equal((0, 0, 0), Counts(await BeginAsync()));
    }

    [Fact]
    public async Task Renewal_WhenTheNewVectorsWereNotToldOf_AsksForThemAgain()
    {
        var id = await BegunAsync();
        await PublishAsync(Regions(id, "new"));
        await UntilAsync(id, row => row.Renewal == RenewalState.Embedding);

        await PublishAsync(Events.Indexed(id, at: DateTime.UtcNow) with { RegionsSha256 = Sha("old") }); // A late one, of the old regions.
        await UntilAsync(id, row => row.IndexedAt!.Value.Year > 2025 && row.IndexedRegions == Sha("old"));
        Assert.Equal(RenewalState.Embedding, (await host.RowAsync(id)).Renewal);
        await host.SweepAsync(Later);

        Assert.Contains(host.Recorder.Of<RegionsExtracted>(m => m.VideoId == id), m => m.DetectorHash == "new" && m.Regions.Sha256 == Sha("new"));
    }

    [Fact]
    public async Task Renewal_WhenTheVectorsComeBeforeTheRegions_IsDone()
    {
        var id = await BegunAsync();

        await PublishAsync(Events.Indexed(id, at: DateTime.UtcNow) with { RegionsSha256 = Sha("new") });
        await UntilAsync(id, row => row.IndexedRegions == Sha("new"));
        await PublishAsync(Regions(id, "new"));
        await UntilAsync(id, row => row.DetectorHash == "new");

        Assert.Equal((null, null), ((await host.RowAsync(id)).Renewal, (await host.RowAsync(id)).RedriveAt));
    }

    [Fact]
    public async Task Renewal_WhenTheNewDetectorCannotDoIt_LeavesTheOldRegionsAndSaysWhy()
    {
        var id = await BegunAsync();

        await PublishAsync(Events.Failed(id, FailureCodes.ExtractionFailed));
        await UntilAsync(id, row => row.Renewal == RenewalState.Failed);

        var video = await client.GetVideoAsync(id);
        Assert.Equal((VideoStatus.Indexed, null, "old"), (video.Status, video.Failure, video.DetectorHash));
        Assert.Equal(FailureCodes.ExtractionFailed, video.Renewal!.Failure!.Code);
        Assert.Null((await host.RowAsync(id)).RedriveAt);
        Assert.Equal((1, 1, 1), Counts(await BeginAsync())); // Asked again, it is tried again.
    }

    [Fact]
    public async Task Renewal_WhenTheIndexCannotTakeTheNewRegions_FailsTheVideoBecauseItCannotBeFoundAnyMore()
    {
        var id = await BegunAsync();
        await PublishAsync(Regions(id, "new"));
        await UntilAsync(id, row => row.Renewal == RenewalState.Embedding);

        await PublishAsync(Events.Failed(id, FailureCodes.EmbeddingFailed));
        await UntilAsync(id, row => row.Status == VideoStatus.Failed);

        Assert.Null((await client.GetVideoAsync(id)).Renewal);
    }

    [Fact]
    public async Task Renewal_WhenNothingEverAnswers_IsGivenUpAndTheVideoStaysIndexed()
    {
        var id = await BegunAsync();
        await host.SweepAsync(TimeSpan.Zero);
        while ((await host.RowAsync(id)).RedriveAt is { } due) await host.SweepAsync(due - Clock.Now + TimeSpan.FromSeconds(1));

        var video = await client.GetVideoAsync(id);
        Assert.Equal((VideoStatus.Indexed, RenewalState.Failed, FailureCodes.Internal), (video.Status, video.Renewal!.State, video.Renewal.Failure!.Code));
        Assert.Equal(VideoSweep.Patience, host.Recorder.Of<FramesSampled>(m => m.VideoId == id).Count - 1);
    }

    [Fact]
    public async Task Renewal_WhenTheFramesWereRemoved_SamplesThemAgain()
    {
        var id = await BegunAsync();
        host.Store.Delete(VideoArtifacts.Frames(id));

        await host.SweepAsync(TimeSpan.Zero);

        Assert.Equal(2, host.Recorder.Of<VideoUploaded>(m => m.VideoId == id).Count);
    }

    [Fact]
    public async Task Renewal_WhenTheVideoIsDeleted_Ends()
    {
        var id = await BegunAsync();
        using var deleted = await client.DeleteAsync($"{Calls.Videos}/{id}", Token);
        await host.SweepAsync(TimeSpan.Zero);
        Assert.Single(host.Recorder.Of<FramesSampled>(m => m.VideoId == id)); // That of the beginning.

        await PublishAsync(Regions(id, "new")); // A worker that had begun already.

        await host.Recorder.WaitAsync<VideoDeleted>(m => m.VideoId == id, atLeast: 2);
        Assert.Equal((0, 0, 0), Counts(await BeginAsync()));
    }

    [Fact]
    public async Task Begin_WhenTheLibraryIsLarge_LeavesRoomForNewUploads()
    {
        await LoadAsync("new");
        await host.ScopedAsync(async (CatalogDbContext database) =>
        {
            for (var i = 0; i < VideoSweep.Renewals + 20; i++)
                database.Videos.Add(new VideoRow
                {
                    Id = Guid.CreateVersion7(), CreatedAt = Clock.Now, Title = "t", Captions = [], FileName = "f", Sha256 = $"{i}", Bytes = 1, MediaType = "video/mp4",
                    Status = VideoStatus.Indexed, Frames = Events.Frames(Guid.NewGuid()).Frames, Regions = Events.Regions(Guid.NewGuid()).Regions, RegionCount = 1, DetectorHash = "old",
                });
            return await database.SaveChangesAsync(Token);
        });

        Assert.Equal(VideoSweep.Renewals + 20, (await BeginAsync()).Queued);

        Assert.Equal(VideoSweep.Renewals, await host.SweepAsync(TimeSpan.Zero));
        Assert.Equal(0, await host.SweepAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Detector_WhenOneIsUsedAgain_IsTheOneInUse()
    {
        await LoadAsync("a", minutes: 0);
        await LoadAsync("b", minutes: 1);
        await LoadAsync("a", minutes: 2);
        await LoadAsync("b", minutes: 1); // Told once more by a worker that has not changed yet.

        Assert.Equal("a", (await client.GetFromJsonAsync<ReExtraction>(Address, Token))!.DetectorHash);
    }

    [Fact]
    public async Task Events_WhenRegionsAreRenewed_GoOnUntilThatIsDone()
    {
        var id = await BegunAsync();
        using var response = await client.GetAsync($"{Calls.Videos}/{id}/events", HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        Assert.StartsWith("id:", await reader.ReadLineAsync(Token));

        await PublishAsync(new RegionsProgressed { VideoId = id, FramesDone = 1, FramesTotal = 2, DetectorHash = "new" });
        await UntilAsync(id, row => row.FramesExtracted == 1);
        await PublishAsync(Regions(id, "new"));
        await UntilAsync(id, row => row.Renewal == RenewalState.Embedding);
        await PublishAsync(Events.Indexed(id, at: DateTime.UtcNow) with { RegionsSha256 = Sha("new") });

        Assert.Contains("\"detectorHash\":\"new\"", await reader.ReadToEndAsync(Token));
    }

    private async Task<Guid> BegunAsync()
    {
        var id = await IndexedAsync("old");
        await LoadAsync("new");
        Assert.Equal(1, (await BeginAsync()).Queued);
        return id;
    }

    private async Task<Guid> IndexedAsync(string detector)
    {
        var id = (await client.UploadedAsync()).Id;
        await PublishAsync(await host.Store.StoredFramesAsync(id));
        await PublishAsync(Regions(id, detector));
        await PublishAsync(Events.Indexed(id) with { RegionsSha256 = Sha(detector) });
        await UntilAsync(id, row => row is { Status: VideoStatus.Indexed, Frames: not null, Regions: not null, RedriveAt: null });
        return id;
    }

    private async Task LoadAsync(string hash, int minutes = 0)
    {
        var before = host.Consumed<DetectorLoaded>(_ => true);
        await PublishAsync(new DetectorLoaded { Name = $"detector {hash}", Sha256 = hash, LoadedAt = DateTime.UtcNow.AddMinutes(minutes) });
        await Eventually.TrueAsync("the detector is known", () => host.Consumed<DetectorLoaded>(_ => true) > before, Token);
    }

    private async Task<ReExtraction> BeginAsync()
    {
        using var response = await client.PostAsync(Address, null, Token);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<ReExtraction>(Token))!;
    }

    private static (int Videos, int Queued, int UnderWay) Counts(ReExtraction it) => (it.Videos, it.Queued, it.UnderWay);

    private static string Sha(string detector) => detector.PadRight(64, '0');

    private static RegionsExtracted Regions(Guid id, string detector) => Events.Regions(id) with
    {
        DetectorHash = detector,
        Regions = new($"{VideoArtifacts.Regions(id)}/{detector}.safetensors", Sha(detector), 7, "application/octet-stream"),
    };

    private Task PublishAsync(object message) => host.Harness.Bus.Publish(message, Token);

    private Task UntilAsync(Guid id, Func<VideoRow, bool> holds) => Eventually.TrueAsync("the video has moved", async _ => holds(await host.RowAsync(id)), Token);
}
