using DemoVlp.QueryAnswering.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Index;

/// <summary>Writes vectors. What a writer must be sure of is part of its transaction: the video is not deleted, its regions are those embedded, the generation lives.</summary>
internal sealed class EmbeddingStore(QueryDbContext database)
{
    /// <summary>Writes or replaces a video's vectors in a generation.</summary>
    /// <returns>When they were written; null if meanwhile the video or its regions, or the generation, went.</returns>
    public async Task<DateTime?> UpsertAsync(int generationId, Guid videoId, string regionsSha256, float[] vector, byte[] detail, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (!await LockAsync(generationId, videoId, regionsSha256, cancellationToken)) return null;
        var change = await database.Generations.Where(g => g.Id == generationId).Select(g => g.Changes).SingleAsync(cancellationToken);
        await RemoveAsync(generationId, videoId, cancellationToken);
        var row = new EmbeddingRow
        {
            GenerationId = generationId, VideoId = videoId, Change = change, IndexedAt = DateTime.UtcNow, RegionsSha256 = regionsSha256, Vector = vector, Detail = detail,
        };
        database.Embeddings.Add(row);
        await SaveAsync(row, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.IndexedAt;
    }

    /// <summary>Notes that a generation's model cannot take a video's regions.</summary>
    public async Task LeaveOutAsync(int generationId, Guid videoId, string regionsSha256, string why, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (!await LockAsync(generationId, videoId, regionsSha256, cancellationToken)) return;
        await RemoveAsync(generationId, videoId, cancellationToken);
        var row = new UnusableRow { GenerationId = generationId, VideoId = videoId, RegionsSha256 = regionsSha256, Detail = why };
        database.Unusable.Add(row);
        await SaveAsync(row, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Leaves a tombstone and removes everything else of a video, from every generation. Twice is no harm.</summary>
    public async Task DeleteVideoAsync(Guid videoId, DateTime deletedAt, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Videos.Where(v => v.Id == videoId && v.DeletedAt == null).ExecuteUpdateAsync(set => set
            .SetProperty(v => v.DeletedAt, deletedAt).SetProperty(v => v.Title, "").SetProperty(v => v.TitleFolded, "")
            .SetProperty(v => v.RegionsKey, (string?)null).SetProperty(v => v.RegionsSha256, (string?)null), cancellationToken);
        var generations = await database.Embeddings.Where(e => e.VideoId == videoId).Select(e => e.GenerationId).ToListAsync(cancellationToken);
        await database.Generations.Where(g => generations.Contains(g.Id)).ExecuteUpdateAsync(set => set.SetProperty(g => g.Changes, g => g.Changes + 1), cancellationToken);
        await database.Embeddings.Where(e => e.VideoId == videoId).ExecuteDeleteAsync(cancellationToken);
        await database.Unusable.Where(u => u.VideoId == videoId).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Removes all vectors of a generation.</summary>
    public async Task EmptyAsync(int generationId, CancellationToken cancellationToken)
    {
        await database.Embeddings.Where(e => e.GenerationId == generationId).ExecuteDeleteAsync(cancellationToken);
        await database.Unusable.Where(u => u.GenerationId == generationId).ExecuteDeleteAsync(cancellationToken);
        await database.Generations.Where(g => g.Id == generationId).ExecuteUpdateAsync(set => set.SetProperty(g => g.Emptied, true), cancellationToken);
    }

    /// <summary>Writers of one video follow each other, and none passes a deletion: both rows are locked until the transaction ends.</summary>
    private async Task<bool> LockAsync(int generationId, Guid videoId, string regionsSha256, CancellationToken cancellationToken) =>
        await database.Videos.Where(v => v.Id == videoId && v.DeletedAt == null && v.RegionsSha256 == regionsSha256)
            .ExecuteUpdateAsync(set => set.SetProperty(v => v.RegionsSha256, regionsSha256), cancellationToken) == 1
        && await database.Generations.Where(g => g.Id == generationId && (g.State == GenerationState.Active || g.State == GenerationState.Building))
            .ExecuteUpdateAsync(set => set.SetProperty(g => g.Changes, g => g.Changes + 1), cancellationToken) == 1;

    private async Task RemoveAsync(int generationId, Guid videoId, CancellationToken cancellationToken)
    {
        await database.Embeddings.Where(e => e.GenerationId == generationId && e.VideoId == videoId).ExecuteDeleteAsync(cancellationToken);
        await database.Unusable.Where(u => u.GenerationId == generationId && u.VideoId == videoId).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task SaveAsync(object row, CancellationToken cancellationToken)
    {
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        finally
        {
            // The context outlives the row: a build writes thousands.
            database.Entry(row).State = EntityState.Detached;
        }
    }
}
