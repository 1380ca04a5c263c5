using DemoVlp.Artifacts;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Modeling;
using DemoVlp.QueryAnswering.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Videos;

/// <summary>Regions are there: remembers them for good, and embeds them for the generation that answers and for one being built. Without a model the video waits for one.</summary>
internal sealed class IndexVideoConsumer(QueryDbContext database, VideoEmbedder embedder, ILogger<IndexVideoConsumer> log) : IConsumer<RegionsExtracted>
{
    public async Task Consume(ConsumeContext<RegionsExtracted> context)
    {
        if (context.Message.Dataset is not null) return; // a clip of a data set: nobody searches those
        var (videoId, regions, token) = (context.Message.VideoId, context.Message.Regions, context.CancellationToken);
        await database.EnsureVideoAsync(videoId, token);
        var alive = await database.Videos.Where(v => v.Id == videoId && v.DeletedAt == null).ExecuteUpdateAsync(set => set
            .SetProperty(v => v.RegionsKey, regions.Key).SetProperty(v => v.RegionsSha256, regions.Sha256)
            .SetProperty(v => v.RegionsBytes, regions.Bytes).SetProperty(v => v.RegionsMediaType, regions.MediaType), token);
        if (alive == 0) return; // a late message about a deleted video

        // Read after the row is written: a generation made later finds the row, one made earlier is seen here.
        var generations = await database.Generations.AsNoTracking()
            .Where(g => g.Task == ModelTasks.Retrieval && (g.State == GenerationState.Active || g.State == GenerationState.Building))
            .OrderBy(g => g.State).ToListAsync(token);
        foreach (var generation in generations)
        {
            if (generation.State == GenerationState.Active) await IndexAsync(context, generation);
            else await HelpBuildingAsync(generation, context);
        }
    }

    private async Task IndexAsync(ConsumeContext<RegionsExtracted> context, GenerationRow generation)
    {
        var videoId = context.Message.VideoId;
        Embedded embedded;
        try
        {
            embedded = await embedder.EmbedAsync(generation, videoId, context.Message.Regions, context.CancellationToken);
        }
        catch (ArtifactMissingException)
        {
            await MissingAsync(context);
            return;
        }
        if (embedded.IndexedAt is { } at)
            await context.Publish(new VideoIndexed { VideoId = videoId, ModelVersion = generation.ModelVersion, IndexedAt = at, RegionsSha256 = context.Message.Regions.Sha256 });
        else if (embedded.Unusable is { } why)
            await context.Publish(new VideoProcessingFailed { VideoId = videoId, Code = FailureCodes.EmbeddingFailed, Detail = why });
        else if (await database.ActiveAsync(ModelTasks.Retrieval, context.CancellationToken) is { } now && now.Id != generation.Id)
            await IndexAsync(context, now); // switched in between
    }

    private async Task MissingAsync(ConsumeContext<RegionsExtracted> context)
    {
        var (videoId, sha256) = (context.Message.VideoId, context.Message.Regions.Sha256);
        // Deleted meanwhile, or extracted anew: then there is nothing to say of this file.
        if (!await database.Videos.AnyAsync(v => v.Id == videoId && v.DeletedAt == null && v.RegionsSha256 == sha256, context.CancellationToken)) return;
        log.LogError("The region file {Key} of video {Video} is gone from the store.", context.Message.Regions.Key, videoId);
        await context.Publish(new VideoProcessingFailed { VideoId = videoId, Code = FailureCodes.Internal, Detail = "The region file is gone from the store." });
    }

    private async Task HelpBuildingAsync(GenerationRow generation, ConsumeContext<RegionsExtracted> context)
    {
        try
        {
            await embedder.EmbedAsync(generation, context.Message.VideoId, context.Message.Regions, context.CancellationToken);
        }
        catch (Exception e) when (e is ModelFormatException or ArtifactMissingException)
        {
            // The builder will find the same and say so to whoever activated the model; this video's way does not depend on it.
            log.LogInformation("Generation {Generation} cannot be helped: {Reason}", generation.Id, e.Message);
        }
    }
}

internal sealed class IndexVideoConsumerDefinition : ConsumerDefinition<IndexVideoConsumer>
{
    public IndexVideoConsumerDefinition()
    {
        EndpointName = QueueNames.QueryIndexVideo;
        ConcurrentMessageLimit = 1;
    }

    protected override void ConfigureConsumer(IReceiveEndpointConfigurator endpoint, IConsumerConfigurator<IndexVideoConsumer> consumer, IRegistrationContext context) =>
        endpoint.PrefetchCount = 1;
}
