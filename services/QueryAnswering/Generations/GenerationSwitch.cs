using DemoVlp.Contracts.Models;
using DemoVlp.QueryAnswering.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Generations;

/// <summary>The moments of a generation's life that others must see whole.</summary>
internal sealed class GenerationSwitch(QueryDbContext database)
{
    /// <summary>Lets a generation answer in place of the one that did, if it is complete.</summary>
    /// <returns>The generation, active now; null if a video came meanwhile, or, and then the lease is lost, if it is not ours or no longer wanted.</returns>
    public async Task<GenerationRow?> ActivateAsync(GenerationLease lease, CancellationToken cancellationToken)
    {
        var (id, task, now) = (lease.Generation.Id, lease.Generation.Task, DateTime.UtcNow);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Generations.Where(g => g.Task == task && g.State == GenerationState.Active)
            .ExecuteUpdateAsync(set => set.SetProperty(g => g.State, GenerationState.Retired).SetProperty(g => g.EndedAt, now), cancellationToken);
        var videos = task == ModelTasks.Retrieval
            ? await database.Embeddings.CountAsync(e => e.GenerationId == id, cancellationToken)
            : await database.Videos.CountAsync(v => v.DeletedAt == null && v.RegionsSha256 != null, cancellationToken);
        var switched = await database.Generations.Where(g => g.Id == id && g.State == GenerationState.Building && g.LeaseOwner == lease.Owner
                && !database.Generations.Any(newer => newer.Task == task && newer.ActivatedAt > g.ActivatedAt))
            .ExecuteUpdateAsync(set => set.SetProperty(g => g.State, GenerationState.Active).SetProperty(g => g.Videos, videos), cancellationToken);
        if (switched == 0)
        {
            await transaction.RollbackAsync(cancellationToken);
            await SupersedeAsync(lease, cancellationToken);
            return null;
        }
        // Not committing takes everything back. A video whose row is written after this look sees the generation, and embeds itself for it.
        if (task == ModelTasks.Retrieval && await database.Missing(id).AnyAsync(cancellationToken)) return null;
        await transaction.CommitAsync(cancellationToken);
        return await database.Generations.AsNoTracking().SingleAsync(g => g.Id == id, cancellationToken);
    }

    /// <summary>Gives a generation up; the one that answers goes on.</summary>
    /// <returns>The generation as it is now; null if it was not ours to give up.</returns>
    public async Task<GenerationRow?> FailAsync(GenerationLease lease, string code, string detail, CancellationToken cancellationToken)
    {
        var (id, now) = (lease.Generation.Id, DateTime.UtcNow);
        var failed = await database.Generations.Where(g => g.Id == id && g.State == GenerationState.Building && g.LeaseOwner == lease.Owner)
            .ExecuteUpdateAsync(set => set.SetProperty(g => g.State, GenerationState.Failed).SetProperty(g => g.EndedAt, now)
                .SetProperty(g => g.FailureCode, code).SetProperty(g => g.FailureDetail, detail), cancellationToken);
        return failed == 0 ? null : await database.Generations.AsNoTracking().SingleAsync(g => g.Id == id, cancellationToken);
    }

    /// <summary>Two activations that two replicas hear of at once do not see each other: here the older one finds out.</summary>
    private async Task SupersedeAsync(GenerationLease lease, CancellationToken cancellationToken)
    {
        var (id, now) = (lease.Generation.Id, DateTime.UtcNow);
        await database.Generations.Where(g => g.Id == id && g.State == GenerationState.Building && g.LeaseOwner == lease.Owner
                && database.Generations.Any(newer => newer.Task == g.Task && newer.ActivatedAt > g.ActivatedAt))
            .ExecuteUpdateAsync(set => set.SetProperty(g => g.State, GenerationState.Superseded).SetProperty(g => g.EndedAt, now), cancellationToken);
        await lease.LoseAsync();
    }

    /// <summary>Counts an attempt that broke off.</summary>
    /// <returns>How many there have been.</returns>
    public async Task<int> CountAttemptAsync(GenerationLease lease, CancellationToken cancellationToken)
    {
        await database.Generations.Where(g => g.Id == lease.Generation.Id).ExecuteUpdateAsync(set => set.SetProperty(g => g.Attempts, g => g.Attempts + 1), cancellationToken);
        return await database.Generations.Where(g => g.Id == lease.Generation.Id).Select(g => g.Attempts).SingleAsync(cancellationToken);
    }
}
