using System.Numerics.Tensors;
using DemoVlp.Contracts.Models;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.QueryAnswering.Tests;

/// <summary>What every index does for a search, whatever holds the vectors.</summary>
public abstract class EmbeddingIndexTests : IAsyncLifetime
{
    private const int Dimension = 24;
    private ServiceProvider services = null!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var collection = new ServiceCollection().AddScoped<EmbeddingStore>();
        await AddIndexAsync(collection);
        services = collection.BuildServiceProvider();
        await InScope(async provider =>
        {
            await provider.GetRequiredService<QueryDbContext>().Database.MigrateAsync(Cancellation);
            return 0;
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (services is not null) await services.DisposeAsync();
        await CleanAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task AddIndexAsync(IServiceCollection collection);
    protected abstract ValueTask CleanAsync();

    [Fact]
    public async Task Search_AmongMany_FindsTheNearestBestFirst()
    {
        var generation = await NewGeneration();
        var vectors = await Fill(generation, 400);
        for (var seed = 0; seed < 5; seed++)
        {
            var query = Vector(1000 + seed);
            var expected = vectors.OrderByDescending(v => TensorPrimitives.Dot<float>(query, v.Value)).ThenBy(v => v.Key).Take(20).Select(v => v.Key);
            var found = await Search(generation, query, 20);
            Assert.Equal(expected, found.Select(f => f.VideoId));
            Assert.All(found, f => Assert.Equal(TensorPrimitives.Dot<float>(query, vectors[f.VideoId]), f.Score, 5));
        }
    }

    [Fact]
    public async Task Search_WhenThereIsNothingOrLessThanAsked_GivesWhatThereIs()
    {
        var generation = await NewGeneration();
        Assert.Empty(await Search(generation, Vector(1), 10));
        await Fill(generation, 3);
        Assert.Equal(3, (await Search(generation, Vector(1), 10)).Count);
    }

    [Fact]
    public async Task Search_AfterAVectorIsReplaced_UsesTheNewOne()
    {
        var generation = await NewGeneration();
        var vectors = await Fill(generation, 10);
        await Search(generation, Vector(1), 5);
        var (video, query) = (vectors.Keys.First(), Vector(77));
        await Put(generation, video, query, "other");
        var found = await Search(generation, query, 10);
        Assert.Equal((video, 10), (found[0].VideoId, found.Count));
        Assert.Equal(1, found[0].Score, 5);
    }

    [Fact]
    public async Task Search_AfterVideosAreDeleted_FindsOnlyTheOthers()
    {
        var generation = await NewGeneration();
        var vectors = await Fill(generation, 60);
        await Search(generation, Vector(1), 5);
        var gone = vectors.Keys.Where((_, i) => i % 2 == 0).ToHashSet();
        foreach (var video in gone) await InScope(async provider =>
        {
            await provider.GetRequiredService<EmbeddingStore>().DeleteVideoAsync(video, DateTime.UtcNow, Cancellation);
            return 0;
        });
        var added = Guid.NewGuid();
        await Put(generation, added, Vector(500), "regions");
        Assert.Equal(vectors.Keys.Except(gone).Append(added).Order(), (await Search(generation, Vector(2), 100)).Select(f => f.VideoId).Order());
    }

    [Fact]
    public async Task Search_WhenRestricted_LosesNoneOfThoseVideosHoweverFarTheyAre()
    {
        var generation = await NewGeneration();
        var vectors = await Fill(generation, 400);
        var query = Vector(3);
        var farthest = vectors.OrderBy(v => TensorPrimitives.Dot<float>(query, v.Value)).Take(5).Select(v => v.Key).ToList();
        var found = await Search(generation, query, 10, [.. farthest, Guid.NewGuid()]);
        Assert.Equal(Enumerable.Reverse(farthest), found.Select(f => f.VideoId));
        Assert.Empty(await Search(generation, query, 10, []));
    }

    [Fact]
    public async Task Search_InOneGeneration_SeesNothingOfAnotherWhateverItsDimension()
    {
        var (first, second) = (await NewGeneration(), await NewGeneration(building: true, dimension: 8));
        var vectors = await Fill(first, 10);
        foreach (var video in vectors.Keys) await Put(second, video, Vector(9, 8), "regions");
        await Put(second, Guid.NewGuid(), Vector(10, 8), "regions");
        Assert.Equal(10, (await Search(first, Vector(1), 100)).Count);
        Assert.Equal(11, (await Search(second, Vector(1, 8), 100)).Count);
    }

    [Fact]
    public async Task Search_WhenVectorsAreEqual_OrdersThemById()
    {
        var generation = await NewGeneration();
        var (same, ids) = (Vector(1), Enumerable.Range(0, 6).Select(_ => Guid.NewGuid()).ToList());
        foreach (var id in ids) await Put(generation, id, same, "regions");
        Assert.Equal(ids.Order(), (await Search(generation, same, 6)).Select(f => f.VideoId));
    }

    [Fact]
    public async Task Upsert_WhenVideoOrRegionsOrGenerationAreGone_WritesNothing()
    {
        var generation = await NewGeneration();
        var vectors = await Fill(generation, 2);
        var video = vectors.Keys.First();
        await InScope(async provider =>
        {
            var store = provider.GetRequiredService<EmbeddingStore>();
            Assert.Null(await store.UpsertAsync(generation, video, "outdated", Vector(5), [], Cancellation));
            Assert.Null(await store.UpsertAsync(generation + 99, video, "regions", Vector(5), [], Cancellation));
            await store.DeleteVideoAsync(video, DateTime.UtcNow, Cancellation);
            Assert.Null(await store.UpsertAsync(generation, video, "regions", Vector(5), [], Cancellation));
            return 0;
        });
        Assert.Equal(vectors.Keys.Skip(1), (await Search(generation, Vector(5), 10)).Select(f => f.VideoId));
    }

    [Fact]
    public async Task Search_WhileVectorsAreWritten_AlwaysSeesThoseCommittedBefore()
    {
        var generation = await NewGeneration();
        var before = await Fill(generation, 50);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++) await Put(generation, Guid.NewGuid(), Vector(2000 + i), "regions");
        }, Cancellation);
        while (!writing.IsCompleted)
            Assert.Empty(before.Keys.Except((await Search(generation, Vector(4), 200)).Select(f => f.VideoId)));
        await writing;
        Assert.Equal(90, (await Search(generation, Vector(4), 200)).Count);
    }

    [Fact]
    public async Task Forget_AfterAGenerationIsEmptied_LeavesTheOthersAlone()
    {
        var (old, current) = (await NewGeneration(building: true), await NewGeneration());
        await Fill(old, 5);
        await Fill(current, 7);
        await InScope(async provider =>
        {
            await provider.GetRequiredService<EmbeddingStore>().EmptyAsync(old, Cancellation);
            for (var times = 0; times < 2; times++) await provider.GetRequiredService<IEmbeddingIndex>().ForgetAsync(old, Cancellation);
            return 0;
        });
        Assert.Empty(await Search(old, Vector(1), 10));
        Assert.Equal(7, (await Search(current, Vector(1), 10)).Count);
    }

    private static float[] Vector(int seed, int dimension = Dimension)
    {
        var random = new Random(seed);
        var vector = Enumerable.Range(0, dimension).Select(_ => (float)(random.NextDouble() * 2 - 1)).ToArray();
        TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
        return vector;
    }

    private async Task<T> InScope<T>(Func<IServiceProvider, Task<T>> work)
    {
        await using var scope = services.CreateAsyncScope();
        return await work(scope.ServiceProvider);
    }

    private Task<int> NewGeneration(bool building = false, int dimension = Dimension) => InScope(async provider =>
    {
        var database = provider.GetRequiredService<QueryDbContext>();
        var row = new GenerationRow
        {
            Task = ModelTasks.Retrieval, ActivationId = Guid.NewGuid(), ActivatedAt = DateTime.UtcNow, ModelVersion = "m", ModelDirectory = "models/m",
            State = building ? GenerationState.Building : GenerationState.Active,
        };
        database.Generations.Add(row);
        await database.SaveChangesAsync(Cancellation);
        for (var times = 0; times < 2; times++) await provider.GetRequiredService<IEmbeddingIndex>().PrepareAsync(row.Id, dimension, Cancellation);
        return row.Id;
    });

    private async Task<Dictionary<Guid, float[]>> Fill(int generation, int count)
    {
        var vectors = Enumerable.Range(0, count).ToDictionary(_ => Guid.NewGuid(), i => Vector(i));
        foreach (var (video, vector) in vectors) await Put(generation, video, vector, "regions");
        return vectors;
    }

    private Task<int> Put(int generation, Guid video, float[] vector, string regions) => InScope(async provider =>
    {
        var database = provider.GetRequiredService<QueryDbContext>();
        if (await database.Videos.SingleOrDefaultAsync(v => v.Id == video, Cancellation) is not { } row) database.Videos.Add(row = new VideoRow { Id = video });
        (row.RegionsKey, row.RegionsSha256) = ("key", regions);
        await database.SaveChangesAsync(Cancellation);
        Assert.NotNull(await provider.GetRequiredService<EmbeddingStore>().UpsertAsync(generation, video, regions, vector, [], Cancellation));
        return 0;
    });

    private Task<IReadOnlyList<Found>> Search(int generation, float[] query, int count, IReadOnlyCollection<Guid>? only = null) => InScope<IReadOnlyList<Found>>(async provider =>
    {
        var row = await provider.GetRequiredService<QueryDbContext>().Generations.AsNoTracking().SingleAsync(g => g.Id == generation, Cancellation);
        var neighbours = await provider.GetRequiredService<IEmbeddingIndex>().SearchAsync(row, query, count, only, Cancellation);
        return [.. neighbours.Select(n => new Found(n.VideoId, n.Score))];
    });

    private sealed record Found(Guid VideoId, float Score);
}

public sealed class ExactIndexTests : EmbeddingIndexTests
{
    private readonly TemporaryFolder folder = new();

    protected override Task AddIndexAsync(IServiceCollection collection)
    {
        collection.AddDbContext<QueryDbContext, SqliteQueryDbContext>(options => options.UseSqlite($"Data Source={folder["query.db"]};Default Timeout=30"));
        collection.AddSingleton<IEmbeddingIndex, ExactIndex>();
        return Task.CompletedTask;
    }

    protected override ValueTask CleanAsync()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

public sealed class PgVectorIndexTests : EmbeddingIndexTests
{
    private TestDatabase? database;

    protected override async Task AddIndexAsync(IServiceCollection collection)
    {
        Assert.SkipUnless(TestPostgres.IsAvailable, TestPostgres.SkipReason);
        database = await TestPostgres.CreateDatabaseAsync(Cancellation);
        collection.AddDbContext<QueryDbContext, PostgresQueryDbContext>(options => options.UseNpgsql(database.ConnectionString, npgsql => npgsql.UseVector()));
        collection.AddSingleton<IEmbeddingIndex, PgVectorIndex>();
    }

    protected override ValueTask CleanAsync() => database?.DisposeAsync() ?? ValueTask.CompletedTask;
}
