using System.Collections.Concurrent;
using DemoVlp.QueryAnswering.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Index;

/// <summary>For SQLite: every vector is compared, in a copy that each process keeps of the generations it searches.</summary>
internal sealed class ExactIndex(IServiceScopeFactory scopes) : IEmbeddingIndex, IDisposable
{
    private readonly ConcurrentDictionary<int, Copy> copies = new();

    public async Task<IReadOnlyList<Neighbour>> SearchAsync(GenerationRow generation, float[] query, int count, IReadOnlyCollection<Guid>? only, CancellationToken cancellationToken)
    {
        var copy = copies.GetOrAdd(generation.Id, _ => new Copy(new VectorMatrix(query.Length), new SemaphoreSlim(1, 1)));
        if (copy.Vectors.Change < generation.Changes)
        {
            await copy.Refreshing.WaitAsync(cancellationToken);
            try
            {
                if (copy.Vectors.Change < generation.Changes) await RefreshAsync(generation.Id, copy.Vectors, cancellationToken);
            }
            finally
            {
                copy.Refreshing.Release();
            }
        }
        return copy.Vectors.Search(query, count, only);
    }

    public Task PrepareAsync(int generationId, int dimension, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ForgetAsync(int generationId, CancellationToken cancellationToken)
    {
        // Left to the garbage collector: a search may still be reading it.
        copies.TryRemove(generationId, out _);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        foreach (var copy in copies.Values)
        {
            copy.Vectors.Dispose();
            copy.Refreshing.Dispose();
        }
    }

    private async Task RefreshAsync(int generationId, VectorMatrix vectors, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<QueryDbContext>();
        // In this order, and no transaction that would wait for writers: the change read first counts as seen, so what is committed between
        // these reads is either taken over already or read again next time; what is removed between them is not in the last.
        var change = await database.Generations.Where(g => g.Id == generationId).Select(g => g.Changes).SingleAsync(cancellationToken);
        var changed = await database.Embeddings.AsNoTracking().Where(e => e.GenerationId == generationId && e.Change > vectors.Change)
            .Select(e => new ValueTuple<Guid, float[]>(e.VideoId, e.Vector)).ToListAsync(cancellationToken);
        var present = await database.Embeddings.Where(e => e.GenerationId == generationId).Select(e => e.VideoId).ToHashSetAsync(cancellationToken);
        vectors.Update(changed, present, change);
    }

    private sealed record Copy(VectorMatrix Vectors, SemaphoreSlim Refreshing);
}
