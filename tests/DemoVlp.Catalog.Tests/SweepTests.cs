using System.Diagnostics.Metrics;
using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Redrive;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.ServiceDefaults;
using DemoVlp.Testing;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Catalog.Tests;

/// <summary>Nothing that was accepted is forgotten.</summary>
public sealed class SweepTests : IAsyncDisposable
{
    private static readonly TimeSpan RedriveAfter = TimeSpan.FromMinutes(2);
    private readonly CatalogHost host = new();
    private readonly HttpClient client;

    public SweepTests() => client = host.Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Sweep_WhenAVideoDoesNotMove_PublishesItsStagesEventAgainLessAndLessOften()
    {
        var video = await client.UploadedAsync();
        var clock = TimeSpan.Zero;
        List<TimeSpan> waits = [];

        for (var times = 1; times <= 7; times++)
        {
            var due = (await host.RowAsync(video.Id)).RedriveAt!.Value - Clock.Now;
            Assert.Equal(0, await host.SweepAsync(due - TimeSpan.FromSeconds(30)));
            Assert.Equal(1, await host.SweepAsync(due + TimeSpan.FromSeconds(1)));
            Assert.Equal(1 + times, host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id).Count);
            waits.Add(due - clock);
            clock = due;
        }

        Assert.Equal([2, 4, 8, 16, 32, 60, 60], waits.Select(wait => (int)Math.Round(wait.TotalMinutes)));
        Assert.Equal(VideoStatus.Sampling, (await client.GetVideoAsync(video.Id)).Status);
    }

    [Fact]
    public async Task Sweep_WhenNothingEverAnswers_FailsTheVideoInTheEnd()
    {
        var video = await client.UploadedAsync();
        for (var times = 0; times < VideoSweep.Patience; times++)
            Assert.Equal(1, await host.SweepAsync((await host.RowAsync(video.Id)).RedriveAt!.Value - Clock.Now + TimeSpan.FromSeconds(1)));

        Assert.Equal(0, await host.SweepAsync((await host.RowAsync(video.Id)).RedriveAt!.Value - Clock.Now + TimeSpan.FromSeconds(1)));

        var given = await client.GetVideoAsync(video.Id);
        Assert.Equal((VideoStatus.Failed, FailureCodes.Internal), (given.Status, given.Failure!.Code));
        Assert.Equal(1 + VideoSweep.Patience, host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id).Count);
        await ChangeAsync(video.Id, row => row.Indexed(Events.Indexed(video.Id), Clock.Now));
        Assert.Equal(VideoStatus.Indexed, (await client.GetVideoAsync(video.Id)).Status);
    }

    [Fact]
    public async Task Sweep_WhenAVideoMoves_PublishesTheEventOfTheStageItIsInNow()
    {
        var video = await client.UploadedAsync();
        await ChangeAsync(video.Id, row => row.Sampled(Events.Frames(video.Id), Clock.Now));
        await host.SweepAsync(TimeSpan.FromMinutes(1));
        await ChangeAsync(video.Id, row => row.Extracted(Events.Regions(video.Id), Clock.Now));
        await host.SweepAsync(TimeSpan.FromMinutes(1));
        await ChangeAsync(video.Id, row => row.Indexed(Events.Indexed(video.Id), Clock.Now));

        Assert.Equal(0, await host.SweepAsync(TimeSpan.FromDays(1)));

        Assert.Single(host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id));
        Assert.Single(host.Recorder.Of<FramesSampled>(m => m.VideoId == video.Id));
        Assert.Equal(Events.Regions(video.Id), Assert.Single(host.Recorder.Of<RegionsExtracted>(m => m.VideoId == video.Id)));
    }

    [Fact]
    public async Task Sweep_WhenACrashCameBeforeTheFirstEvent_PublishesItAndTheDescription()
    {
        var id = Guid.CreateVersion7();
        await AddAsync(new VideoRow
        {
            Id = id, CreatedAt = Clock.Now, Title = "Left behind", Captions = ["c"], FileName = "f", Sha256 = new string('1', 64), Bytes = 3, MediaType = "video/mp4",
            RedriveAt = Clock.Now + RedriveAfter,
        });

        await host.SweepAsync(RedriveAfter);

        Assert.Equal(VideoStatus.Sampling, (await host.RowAsync(id)).Status);
        Assert.Equal(new string('1', 64), Assert.Single(host.Recorder.Of<VideoUploaded>(m => m.VideoId == id)).Source.Sha256);
        Assert.Equal("Left behind", Assert.Single(host.Recorder.Of<VideoDescribed>(m => m.VideoId == id)).Title);
        await host.SweepAsync(TimeSpan.Zero);
        Assert.Single(host.Recorder.Of<VideoDescribed>(m => m.VideoId == id));
    }

    [Fact]
    public async Task Sweep_WhenAVideoFailed_LeavesItAlone()
    {
        var video = await client.UploadedAsync();
        await ChangeAsync(video.Id, row => row.Failed(FailureCodes.NotAVideo, "no"));

        Assert.Equal(0, await host.SweepAsync(TimeSpan.FromDays(30)));
    }

    [Fact]
    public async Task Sweep_WhenReplicasSweepAtOnce_PublishesEachOnce()
    {
        var videos = new List<Guid>();
        for (var i = 0; i < 5; i++) videos.Add((await client.UploadedAsync()).Id);

        var claimed = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.SweepAsync(TimeSpan.FromMinutes(3))));

        Assert.Equal(5, claimed.Sum());
        Assert.All(videos, id => Assert.Equal(2, host.Recorder.Of<VideoUploaded>(m => m.VideoId == id).Count));
    }

    [Fact]
    public async Task Sweep_WhenAVideoIsDeleted_SaysSoFiveTimesMoreAndThenRemovesWhatIsLeft()
    {
        var video = await client.UploadedAsync();
        using var deleted = await client.DeleteAsync($"{Calls.Videos}/{video.Id}", Token);

        var sweeps = 0;
        for (; (await host.RowAsync(video.Id)).RedriveAt is { } due && sweeps < 10; sweeps++)
            Assert.Equal(1, await host.SweepAsync(due - Clock.Now + TimeSpan.FromSeconds(1)));

        Assert.Equal(VideoSweep.Deletions, sweeps);
        Assert.Equal(1 + VideoSweep.Deletions, host.Recorder.Of<VideoDeleted>(m => m.VideoId == video.Id).Count);
        Assert.Empty(host.Files());
    }

    [Fact]
    public async Task Orphans_WhenAFileHasNoRow_IsRemovedOnceItIsADayOld()
    {
        var video = await client.UploadedAsync();
        var orphan = Guid.CreateVersion7();
        await host.Store.WriteAsync(VideoArtifacts.Source(orphan), "video/mp4", (target, stop) => target.WriteAsync(new byte[3], stop).AsTask(), Token);

        var young = await OrphansAsync(TimeSpan.FromHours(23));
        var old = await OrphansAsync(TimeSpan.FromHours(25));

        Assert.Equal((0, 1), (young, old));
        Assert.Equal([$"videos/{video.Id:n}", VideoArtifacts.Source(video.Id)], host.Files().Order());
    }

    [Fact]
    public async Task Restart_WhenTheBusIsInMemory_PublishesAllThatWasUnderWayAtOnce()
    {
        using var folder = new TemporaryFolder();
        Guid waiting, indexed, deleted;
        await using (var first = new CatalogHost(folder: folder.Path))
        {
            using var before = first.Client();
            (waiting, indexed, deleted) = ((await before.UploadedAsync()).Id, (await before.UploadedAsync()).Id, (await before.UploadedAsync()).Id);
            await first.ScopedAsync((CatalogDbContext database) => database.ChangeAsync(indexed, row =>
                row.Sampled(Events.Frames(indexed), Clock.Now) && row.Extracted(Events.Regions(indexed), Clock.Now) && row.Indexed(Events.Indexed(indexed), Clock.Now), Token));
            using var gone = await before.DeleteAsync($"{Calls.Videos}/{deleted}", Token);
        }

        await using var second = new CatalogHost(sweeping: true, folder: folder.Path);
        using var after = second.Client();

        await second.Recorder.WaitAsync<VideoUploaded>(m => m.VideoId == waiting);
        await second.Recorder.WaitAsync<VideoDescribed>(m => m.VideoId == waiting);
        await second.Recorder.WaitAsync<VideoDescribed>(m => m.VideoId == indexed);
        await second.Recorder.WaitAsync<VideoDeleted>(m => m.VideoId == deleted);
        await second.Recorder.WaitAsync<RegionsExtracted>(m => m.VideoId == indexed);
        Assert.Empty(second.Recorder.Of<VideoUploaded>(m => m.VideoId != waiting));
        Assert.Empty(second.Recorder.Of<VideoDescribed>(m => m.VideoId == deleted));
    }

    [Fact]
    public async Task Service_WhenItRuns_SweepsByItselfAndCountsVideosByState()
    {
        await using var running = new CatalogHost(new() { ["Catalog:RedriveAfter"] = "00:00:00.2" }, sweeping: true);
        using var users = running.Client();
        var video = await users.UploadedAsync();

        await running.Recorder.WaitAsync<VideoUploaded>(m => m.VideoId == video.Id, atLeast: 2);

        long sampling = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Meter.Name == Telemetry.Name && instrument.Name == "demovlp.videos") it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (var tag in tags)
                if (tag is { Key: "status", Value: VideoStatus.Sampling }) Interlocked.Add(ref sampling, value);
        });
        listener.Start();
        await Eventually.TrueAsync("the video is counted", () =>
        {
            Interlocked.Exchange(ref sampling, 0);
            listener.RecordObservableInstruments();
            return Interlocked.Read(ref sampling) == 1;
        }, Token);
    }

    private Task<int> OrphansAsync(TimeSpan later) => host.ScopedAsync((OrphanedSources orphans) => orphans.RemoveAsync(Clock.Now + later, Token));

    private Task<VideoRow?> ChangeAsync(Guid id, Func<VideoRow, bool> change) => host.ScopedAsync((CatalogDbContext database) => database.ChangeAsync(id, change, Token));

    private Task<int> AddAsync(VideoRow row) => host.ScopedAsync((CatalogDbContext database) =>
    {
        database.Videos.Add(row);
        return database.SaveChangesAsync(Token);
    });
}
