using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Videos;
using DemoVlp.QueryAnswering.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Generations;

/// <summary>What an activation is answered with.</summary>
internal static class Answers
{
    /// <summary>
    /// Tells that a generation answers: first of its videos, those that waited for a first model among them, then of itself. Who activated
    /// the model asks until it hears the last, so that whatever breaks off in between is told again, and whole.
    /// </summary>
    public static async Task TellAsync(GenerationRow generation, QueryDbContext database, IPublishEndpoint bus, CancellationToken cancellationToken)
    {
        if (generation.Task == ModelTasks.Retrieval) await TellVideosAsync(generation, database, bus, cancellationToken);
        await bus.Publish(new IndexRebuilt
        {
            ActivationId = generation.ActivationId, ModelVersion = generation.ModelVersion, Task = generation.Task, Videos = generation.Videos,
        }, cancellationToken);
    }

    public static IndexRebuildFailed Failed(GenerationRow generation) => new()
    {
        ActivationId = generation.ActivationId, ModelVersion = generation.ModelVersion, Code = generation.FailureCode ?? "internal", Detail = generation.FailureDetail ?? "",
    };

    private static async Task TellVideosAsync(GenerationRow generation, QueryDbContext database, IPublishEndpoint bus, CancellationToken cancellationToken)
    {
        var indexed = await database.Embeddings.AsNoTracking().Where(e => e.GenerationId == generation.Id).Select(e => new { e.VideoId, e.IndexedAt, e.RegionsSha256 }).ToListAsync(cancellationToken);
        foreach (var video in indexed)
            await bus.Publish(new VideoIndexed { VideoId = video.VideoId, ModelVersion = generation.ModelVersion, IndexedAt = video.IndexedAt, RegionsSha256 = video.RegionsSha256 }, cancellationToken);
        var unusable = await database.Unusable.AsNoTracking().Where(u => u.GenerationId == generation.Id).ToListAsync(cancellationToken);
        foreach (var video in unusable)
            await bus.Publish(new VideoProcessingFailed { VideoId = video.VideoId, Code = FailureCodes.EmbeddingFailed, Detail = video.Detail }, cancellationToken);
    }
}
