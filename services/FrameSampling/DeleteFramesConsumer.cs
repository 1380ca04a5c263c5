using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.FrameSampling;

/// <summary>Removes the frames of a deleted video, and those of a data set's clip once its regions are there: nobody looks at them.</summary>
internal sealed class DeleteFramesConsumer(IArtifactStore store) : IConsumer<VideoDeleted>, IConsumer<RegionsExtracted>
{
    /// <inheritdoc/>
    public Task Consume(ConsumeContext<VideoDeleted> context)
    {
        store.Delete(VideoArtifacts.Frames(context.Message.VideoId));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Consume(ConsumeContext<RegionsExtracted> context)
    {
        if (context.Message.Dataset is not null) store.Delete(VideoArtifacts.Frames(context.Message.VideoId));
        return Task.CompletedTask;
    }
}

/// <summary>Names the queue.</summary>
internal sealed class DeleteFramesConsumerDefinition : ConsumerDefinition<DeleteFramesConsumer>
{
    public DeleteFramesConsumerDefinition() => EndpointName = QueueNames.FramesDelete;
}
