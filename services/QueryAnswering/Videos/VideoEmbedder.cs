using System.Diagnostics;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Modeling;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.QueryAnswering.Models;
using DemoVlp.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Videos;

/// <summary>Puts one video into one generation.</summary>
internal sealed class VideoEmbedder(QueryDbContext database, EmbeddingStore store, ModelCache models, Inference inference, RegionReader regions)
{
    /// <summary>Embeds a video's regions unless that is done already.</summary>
    /// <exception cref="ModelFormatException">The generation's model cannot be used. A fault of the video is in the outcome instead.</exception>
    /// <exception cref="ArtifactMissingException">The region file is gone: with the video, which the caller finds out, or alone.</exception>
    public async Task<Embedded> EmbedAsync(GenerationRow generation, Guid videoId, ArtifactRef file, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var done = await database.Embeddings.Where(e => e.GenerationId == generation.Id && e.VideoId == videoId && e.RegionsSha256 == file.Sha256)
            .Select(e => (DateTime?)e.IndexedAt).SingleOrDefaultAsync(cancellationToken);
        if (done is not null) return Done(done, "reused", clock);
        // Rolling back to a model, or activating one again, costs no computation.
        var known = await database.Embeddings.AsNoTracking().Where(e => e.VideoId == videoId && e.RegionsSha256 == file.Sha256
            && database.Generations.Any(g => g.Id == e.GenerationId && g.ModelVersion == generation.ModelVersion && g.ModelDirectory == generation.ModelDirectory))
            .Select(e => new { e.Vector, e.Detail }).FirstOrDefaultAsync(cancellationToken);
        if (known is not null) return Done(await store.UpsertAsync(generation.Id, videoId, file.Sha256, known.Vector, known.Detail, cancellationToken), "reused", clock);

        using var lease = await models.RetrievalAsync(generation.ModelDirectory);
        try
        {
            var frames = (await regions.ReadAsync(file, cancellationToken)).Frames;
            var (vector, detail) = await inference.RunIndexingAsync(() =>
            {
                var embedding = lease.Model.EmbedVideo(frames);
                return (embedding.Global, VideoDetail.Create(embedding, frames).ToBytes());
            }, cancellationToken);
            if (vector.Any(v => !float.IsFinite(v))) throw new ModelFormatException("embedding-failed", "The model makes no numbers of these regions.");
            return Done(await store.UpsertAsync(generation.Id, videoId, file.Sha256, vector, detail, cancellationToken), "done", clock);
        }
        catch (Exception e) when (e is ModelFormatException or ArtifactCorruptException)
        {
            var why = e is ModelFormatException ? e.Message : "The region file in the store is damaged.";
            await store.LeaveOutAsync(generation.Id, videoId, file.Sha256, why, cancellationToken);
            Telemetry.RecordStage("embed", "embedding-failed", clock.Elapsed);
            return new Embedded(null, why);
        }
    }

    private static Embedded Done(DateTime? at, string outcome, Stopwatch clock)
    {
        if (at is not null) Telemetry.RecordStage("embed", outcome, clock.Elapsed);
        return new Embedded(at, null);
    }
}

/// <summary>What came of it.</summary>
/// <param name="IndexedAt">When the vectors were written; null if they were not.</param>
/// <param name="Unusable">Why the model cannot take the regions; null with no time either: the video or the generation went meanwhile.</param>
internal sealed record Embedded(DateTime? IndexedAt, string? Unusable);
