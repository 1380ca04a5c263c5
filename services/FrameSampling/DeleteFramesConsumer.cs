using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.FrameSampling;

/// <summary>Removes the frames of a deleted video.</summary>
internal sealed class DeleteFramesConsumer(IArtifactStore store) : IConsumer<VideoDeleted>
{
    /// <inheritdoc/>
    public Task Consume(ConsumeContext<VideoDeleted> context)
    {
        store.Delete(VideoArtifacts.Frames(context.Message.VideoId));
        return Task.CompletedTask;
    }
}

/// <summary>Names the queue.</summary>
internal sealed class DeleteFramesConsumerDefinition : ConsumerDefinition<DeleteFramesConsumer>
{
    public DeleteFramesConsumerDefinition() => EndpointName = QueueNames.FramesDelete;
}
