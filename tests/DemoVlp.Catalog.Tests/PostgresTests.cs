using System.Net;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Catalog.Tests;

/// <summary>What depends on the database, on the one that the distributed system uses. Two hosts are two replicas.</summary>
public sealed class PostgresTests : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private TestDatabase? database;
    private CatalogHost one = null!, two = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (!TestPostgres.IsAvailable) return;
        database = await TestPostgres.CreateDatabaseAsync(Token);
        var settings = new Dictionary<string, string> { ["Database:Provider"] = "postgres", ["Database:ConnectionString"] = database.ConnectionString };
        one = new CatalogHost(settings, folder: folder.Path);
        two = new CatalogHost(settings, folder: folder.Path);
        await one.ScopedAsync(async (CatalogDbContext context) =>
        {
            await context.Database.MigrateAsync(Token);
            return true;
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (database is not null)
        {
            await one.DisposeAsync();
            await two.DisposeAsync();
            await database.DisposeAsync();
        }
        folder.Dispose();
    }

    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task Upload_WhenReplicasGetTheSameBytesAtOnce_MakeOneVideoWithOneFile()
    {
        using HttpClient first = one.Client(), second = two.Client();
        var clip = Calls.NewClip(100_000);

        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? first : second).UploadAsync(Calls.Form(clip))));

        var videos = await Task.WhenAll(responses.Select(response => response.VideoAsync()));
        Assert.Single(videos.Select(video => video.Id).Distinct());
        Assert.Single(responses, response => response.StatusCode == HttpStatusCode.Accepted);
        await one.HoldsNothingButItsVideosAsync();
    }

    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task List_WhenVideosAreUploadedWhileSomebodyPages_ShowsEachOnce()
    {
        using var client = one.Client();
        var there = new List<Guid>();
        for (var i = 0; i < 5; i++) there.Insert(0, (await client.UploadedAsync()).Id);

        List<Guid> seen = [];
        string? cursor = null;
        do
        {
            var page = await client.ListAsync($"status=sampling&limit=2&cursor={cursor}");
            seen.AddRange(page.Items.Select(video => video.Id));
            cursor = page.NextCursor;
            await client.UploadedAsync();
        }
        while (cursor is not null);

        Assert.Equal(there, seen);
    }

    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task Video_WhenItGoesAllTheWay_IsKeptWhole()
    {
        using HttpClient client = one.Client(), other = two.Client();
        var id = (await client.UploadedAsync()).Id;
        var indexedAt = DateTime.UtcNow;

        await one.Harness.Bus.Publish(Events.Frames(id), Token);
        await two.Harness.Bus.Publish(Events.Regions(id), Token);
        await Eventually.TrueAsync("both are known", async _ => await one.RowAsync(id) is { Frames: not null, Regions: not null }, Token);
        await two.Harness.Bus.Publish(Events.Indexed(id, "m1", indexedAt), Token);
        await Eventually.TrueAsync("it is indexed", async _ => (await other.GetVideoAsync(id)).Status == VideoStatus.Indexed, Token);

        var row = await one.RowAsync(id);
        Assert.Equivalent(Events.Frames(id).Frames, row.Frames, strict: true);
        Assert.Equal(Events.Regions(id).Regions, row.Regions);
        Assert.Equal(Clock.Truncate(indexedAt), row.IndexedAt);
        using var deleted = await client.DeleteAsync($"{Calls.Videos}/{id}", Token);
        using var gone = await other.GetAsync($"{Calls.Videos}/{id}", Token);
        await gone.IsProblemAsync(HttpStatusCode.NotFound, "video-not-found");
    }

    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task Sweep_WhenReplicasSweepAtOnce_PublishesEachOnce()
    {
        using var client = one.Client();
        for (var i = 0; i < 5; i++) await client.UploadedAsync();

        var claimed = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => (i % 2 == 0 ? one : two).SweepAsync(TimeSpan.FromMinutes(3))));

        Assert.Equal(5, claimed.Sum());
        Assert.Equal(10, one.Recorder.Of<VideoUploaded>(_ => true).Count + two.Recorder.Of<VideoUploaded>(_ => true).Count);
    }
}
