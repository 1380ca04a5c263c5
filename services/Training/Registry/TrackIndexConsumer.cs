using DemoVlp.Contracts.Models;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.Training.Registry;

/// <summary>Enters what QueryAnswering made of an activation.</summary>
internal sealed class TrackIndexConsumer(Activations activations) : IConsumer<IndexProgressed>, IConsumer<IndexRebuilt>, IConsumer<IndexRebuildFailed>
{
    public Task Consume(ConsumeContext<IndexProgressed> context) =>
        activations.ProgressedAsync(context.Message.ActivationId, context.Message.Embedded, context.Message.Total, context.CancellationToken);

    public Task Consume(ConsumeContext<IndexRebuilt> context) => activations.SucceededAsync(context.Message.ActivationId, context.Message.Videos, context.CancellationToken);

    public Task Consume(ConsumeContext<IndexRebuildFailed> context) =>
        activations.FailedAsync(context.Message.ActivationId, context.Message.Code, context.Message.Detail, context.CancellationToken);
}

/// <summary>Where the index's events arrive.</summary>
internal sealed class TrackIndexDefinition : ConsumerDefinition<TrackIndexConsumer>
{
    public TrackIndexDefinition() => EndpointName = QueueNames.TrainingTrackIndex;
}
