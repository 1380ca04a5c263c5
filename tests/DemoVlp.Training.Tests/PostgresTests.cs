using System.Net.Http.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;
using DemoVlp.Training.Data;
using DemoVlp.Training.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.Training.Tests;

/// <summary>The parts whose SQL differs, on the other database.</summary>
public sealed class PostgresTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task Service_OnPostgreSql_KeepsLibraryModelsAndRunsAndGivesARunToOneWorker()
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(Stop);
        await using (var migrating = new PostgresTrainingDbContext(new DbContextOptionsBuilder<PostgresTrainingDbContext>()
            .UseNpgsql(database.ConnectionString, npgsql => npgsql.MigrationsHistoryTable("__ef_migrations", "training")).Options))
        {
            await migrating.Database.MigrateAsync(Stop);
            Assert.False(migrating.Database.HasPendingModelChanges());
        }
        using var app = new TrainingApp(settings: new() { ["Database:Provider"] = "postgres", ["Database:ConnectionString"] = database.ConnectionString });
        app.Neighbours.Tokenizes = false;
        app.Neighbours.Index = "rebuild";
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await Eventually.TrueAsync("both models answer", async stop => (await TrainingApp.ModelsAsync(client, stop)).Count(m => m.Active) == 2, Stop);
        var clips = await app.AddClipsAsync(["a red circle", "a blue square", "a green star"], Stop);
        await app.PublishAsync(new VideoDeleted { VideoId = clips[2], DeletedAt = DateTime.UtcNow }, Stop);
        await Eventually.TrueAsync("the deleted clip is gone", async stop => (await TrainingApp.LibraryAsync(client, stop)).Clips == 2, Stop);

        var request = new TrainingRunRequest { Task = "retrieval", Dataset = "library" };
        var first = await TrainingApp.StartAsync(client, request, Stop);
        await TrainingApp.RunAsync(client, first.Id, "the worker is busy", r => r.Phase == RunPhase.Tokenizing, Stop);
        var second = await TrainingApp.StartAsync(client, request, Stop);
        var leases = app.Services.GetRequiredService<RunLeases>();
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => leases.ClaimAsync($"worker {i}", Stop)));
        Assert.Equal(second.Id, Assert.Single(claims.OfType<RunRow>()).Id);

        var page = (await client.GetFromJsonAsync<Page<TrainingRun>>("/api/v1/training-runs?limit=1", Stop))!;
        var rest = (await client.GetFromJsonAsync<Page<TrainingRun>>($"/api/v1/training-runs?limit=1&cursor={page.NextCursor}", Stop))!;
        Assert.Equal([second.Id, first.Id], [page.Items.Single().Id, rest.Items.Single().Id]);
        var models = (await client.GetFromJsonAsync<Page<Model>>("/api/v1/models?limit=1", Stop))!;
        Assert.NotEqual(models.Items.Single().Version, (await client.GetFromJsonAsync<Page<Model>>($"/api/v1/models?limit=1&cursor={models.NextCursor}", Stop))!.Items.Single().Version);
    }
}
