using System.Diagnostics;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.QueryAnswering.Models;
using DemoVlp.QueryAnswering.Videos;
using DemoVlp.ServiceDefaults;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Generations;

/// <summary>Builds one generation from the kept region files while the old one answers, switches, and tells. What is embedded already is not embedded again.</summary>
internal sealed class GenerationBuild(
    QueryDbContext database, EmbeddingStore store, VideoEmbedder embedder, GenerationSwitch switches, ModelCache models, IEmbeddingIndex index, IBus bus,
    ILogger<GenerationBuild> log)
{
    private const int Attempts = 5;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    /// <summary>Carries the activation out, or says why it cannot be.</summary>
    /// <param name="lease">The right to build it.</param>
    /// <param name="stopping">The host's: what follows the switch does not end with the lease, which the switch itself ends.</param>
    public async Task RunAsync(GenerationLease lease, CancellationToken stopping)
    {
        if (await BuildAsync(lease, stopping) is { } active) await Answers.TellAsync(active, database, bus, stopping);
    }

    private async Task<GenerationRow?> BuildAsync(GenerationLease lease, CancellationToken stopping)
    {
        using var activity = Telemetry.Source.StartActivity("build-generation");
        var clock = Stopwatch.StartNew();
        var generation = lease.Generation;
        try
        {
            await CheckModelAsync(generation, lease.Lost);
            GenerationRow? active = null;
            while (active is null)
            {
                if (generation.Task == ModelTasks.Retrieval) await FillAsync(generation, lease.Lost);
                active = await switches.ActivateAsync(lease, stopping);
                if (active is null) lease.Lost.ThrowIfCancellationRequested();
            }
            log.LogInformation("{Task} answers from {Model} now: generation {Generation}, {Videos} videos.", active.Task, active.ModelVersion, active.Id, active.Videos);
            Telemetry.RecordStage("build-generation", "done", clock.Elapsed);
            return active;
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested)
        {
            log.LogInformation("Generation {Generation} is left to whoever takes it next, if it is still wanted.", generation.Id);
        }
        catch (ModelFormatException e)
        {
            await FailAsync(lease, e.Code, e.Message, clock);
        }
        catch (Exception e)
        {
            log.LogError(e, "Building generation {Generation} for {Model} broke off.", generation.Id, generation.ModelVersion);
            if (await switches.CountAttemptAsync(lease, lease.Lost) >= Attempts) await FailAsync(lease, FailureCodes.Internal, "The index could not be built; the log has the details.", clock);
            else await Task.Delay(TimeSpan.FromSeconds(1), lease.Lost);
        }
        return null;
    }

    private async Task CheckModelAsync(GenerationRow generation, CancellationToken cancellationToken)
    {
        if (generation.Task == ModelTasks.QuestionAnswering)
        {
            using var answering = await models.QuestionAnsweringAsync(generation.ModelDirectory);
            return;
        }
        using var searching = await models.RetrievalAsync(generation.ModelDirectory);
        await index.PrepareAsync(generation.Id, searching.Model.Dimension, cancellationToken);
    }

    private async Task FillAsync(GenerationRow generation, CancellationToken cancellationToken)
    {
        var missing = await database.Missing(generation.Id).ToListAsync(cancellationToken);
        var total = await database.Videos.CountAsync(v => v.DeletedAt == null && v.RegionsSha256 != null, cancellationToken);
        var told = Stopwatch.StartNew();
        if (missing.Count > 0) await TellProgressAsync(generation, total - missing.Count, total, cancellationToken);
        foreach (var (i, video) in missing.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (told.Elapsed > ProgressInterval)
            {
                await TellProgressAsync(generation, total - missing.Count + i, total, cancellationToken);
                told.Restart();
            }
            try
            {
                await embedder.EmbedAsync(generation, video.Id, video.Regions!, cancellationToken);
            }
            catch (ArtifactMissingException)
            {
                // Deleted, and the news not here yet; or lost, and no reason to keep all others from the new model.
                await store.LeaveOutAsync(generation.Id, video.Id, video.RegionsSha256!, "The region file is gone from the store.", cancellationToken);
            }
        }
        var unusable = await database.Unusable.AsNoTracking().FirstOrDefaultAsync(u => u.GenerationId == generation.Id, cancellationToken);
        if (unusable is not null && !await database.Embeddings.AnyAsync(e => e.GenerationId == generation.Id, cancellationToken))
            throw new ModelFormatException("regions-mismatch", $"The model can use none of the videos. The first one: {unusable.Detail}");
    }

    private async Task TellProgressAsync(GenerationRow generation, int embedded, int total, CancellationToken cancellationToken)
    {
        // Worth nothing later: a broker that is away must not hold up the build.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ProgressInterval);
        try
        {
            await bus.Publish(new IndexProgressed { ActivationId = generation.ActivationId, Embedded = Math.Max(0, embedded), Total = total }, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            log.LogWarning("The progress of generation {Generation} was not published: the bus did not take it.", generation.Id);
        }
    }

    private async Task FailAsync(GenerationLease lease, string code, string detail, Stopwatch clock)
    {
        log.LogWarning("Generation {Generation} for {Model} is given up ({Code}): {Detail}", lease.Generation.Id, lease.Generation.ModelVersion, code, detail);
        Telemetry.RecordStage("build-generation", code, clock.Elapsed);
        if (await switches.FailAsync(lease, code, detail, lease.Lost) is { } failed) await bus.Publish(Answers.Failed(failed), lease.Lost);
    }
}
