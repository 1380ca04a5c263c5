using DemoVlp.QueryAnswering.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Generations;

/// <summary>The right to build a generation: renewed while held, free again some time after its process is gone.</summary>
internal sealed class GenerationLease : IAsyncDisposable
{
    private static readonly TimeSpan Term = TimeSpan.FromSeconds(15), Renewal = TimeSpan.FromSeconds(5);
    private readonly IServiceScopeFactory scopes;
    private readonly CancellationTokenSource lost;
    private readonly Task renewing;

    private GenerationLease(IServiceScopeFactory scopes, GenerationRow generation, string owner, CancellationToken stopping)
    {
        (this.scopes, Generation, Owner) = (scopes, generation, owner);
        lost = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Lost = lost.Token;
        renewing = RenewAsync();
    }

    /// <summary>The generation to build.</summary>
    public GenerationRow Generation { get; }

    /// <summary>Unique to this lease.</summary>
    public string Owner { get; }

    /// <summary>Cancelled when the generation is wanted no more, another process has it, or this one stops.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Takes a generation that waits to be built; null if there is none.</summary>
    public static async Task<GenerationLease?> TakeAsync(IServiceScopeFactory scopes, CancellationToken stopping)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<QueryDbContext>();
        var owner = Guid.NewGuid().ToString("n");
        var waiting = await database.Generations.AsNoTracking().Where(g => g.State == GenerationState.Building).OrderBy(g => g.Id).ToListAsync(stopping);
        foreach (var generation in waiting)
        {
            var now = DateTime.UtcNow;
            var until = now + Term;
            var taken = await database.Generations.Where(g => g.Id == generation.Id && g.State == GenerationState.Building && (g.LeaseUntil == null || g.LeaseUntil < now))
                .ExecuteUpdateAsync(set => set.SetProperty(g => g.LeaseOwner, owner).SetProperty(g => g.LeaseUntil, until), stopping);
            if (taken == 1) return new GenerationLease(scopes, generation, owner, stopping);
        }
        return null;
    }

    /// <summary>Gives it up: it turned out to be no longer ours.</summary>
    public Task LoseAsync() => lost.CancelAsync();

    /// <summary>Stops renewing, and lets the next one have it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await lost.CancelAsync();
        await renewing;
        lost.Dispose();
        await using var scope = scopes.CreateAsyncScope();
        await Mine(scope).ExecuteUpdateAsync(set => set.SetProperty(g => g.LeaseOwner, (string?)null).SetProperty(g => g.LeaseUntil, (DateTime?)null));
    }

    private IQueryable<GenerationRow> Mine(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<QueryDbContext>().Generations
        .Where(g => g.Id == Generation.Id && g.LeaseOwner == Owner && g.State == GenerationState.Building);

    private async Task RenewAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Renewal, Lost);
                await using var scope = scopes.CreateAsyncScope();
                var until = DateTime.UtcNow + Term;
                if (await Mine(scope).ExecuteUpdateAsync(set => set.SetProperty(g => g.LeaseUntil, until), Lost) == 0) break;
            }
        }
        catch (Exception) when (!Lost.IsCancellationRequested)
        {
            // The database does not answer: whoever holds the lease stops, and it is taken again later.
        }
        catch (OperationCanceledException)
        {
            return;
        }
        await lost.CancelAsync();
    }
}
