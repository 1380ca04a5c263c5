using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.RegionExtraction;

/// <summary>Removes the regions of a deleted video.</summary>
internal sealed class DeleteRegionsConsumer(IArtifactStore store) : IConsumer<VideoDeleted>
{
    /// <inheritdoc/>
    public Task Consume(ConsumeContext<VideoDeleted> context)
    {
        store.Delete(VideoArtifacts.Regions(context.Message.VideoId));
        return Task.CompletedTask;
    }
}

/// <summary>Names the queue.</summary>
internal sealed class DeleteRegionsConsumerDefinition : ConsumerDefinition<DeleteRegionsConsumer>
{
    public DeleteRegionsConsumerDefinition() => EndpointName = QueueNames.RegionsDelete;
}
