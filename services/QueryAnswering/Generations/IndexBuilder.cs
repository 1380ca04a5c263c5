using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.QueryAnswering.Models;
using DemoVlp.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Generations;

/// <summary>Carries out activations, one at a time, and clears away behind them. Every replica runs one; the lease decides who builds.</summary>
internal sealed class IndexBuilder(IServiceScopeFactory scopes, BuildSignal signal, ModelCache models, IHostApplicationLifetime lifetime, ILogger<IndexBuilder> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    // A query that began with a generation ends long before that.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await BuildNextAsync(stoppingToken)) continue;
                await ClearAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(e, "The index builder could not look for work; it tries again.");
            }
            await signal.WaitAsync(Pause, stoppingToken);
        }
    }

    private async Task<bool> BuildNextAsync(CancellationToken stoppingToken)
    {
        await using var lease = await GenerationLease.TakeAsync(scopes, stoppingToken);
        if (lease is null) return false;
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<GenerationBuild>().RunAsync(lease, stoppingToken);
        return true;
    }

    private async Task ClearAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<QueryDbContext>();
        var generations = await database.Generations.AsNoTracking().Where(g => !g.Emptied).ToListAsync(cancellationToken);
        models.Release(generations.Where(g => g.State is GenerationState.Active or GenerationState.Building).Select(g => g.ModelDirectory).ToHashSet());

        // The last one that answered keeps its vectors: rolling back to it is then a matter of copying them.
        var lastAnswered = generations.Where(g => g.State == GenerationState.Retired).GroupBy(g => g.Task).Select(g => g.MaxBy(r => r.EndedAt)!.Id);
        var old = DateTime.UtcNow - Grace;
        foreach (var generation in generations.Where(g => g.EndedAt < old).ExceptBy(lastAnswered, g => g.Id))
        {
            // In this order: what is noted as emptied is not looked at again, and would keep its index for ever.
            await scope.ServiceProvider.GetRequiredService<IEmbeddingIndex>().ForgetAsync(generation.Id, cancellationToken);
            await scope.ServiceProvider.GetRequiredService<EmbeddingStore>().EmptyAsync(generation.Id, cancellationToken);
        }
    }
}
