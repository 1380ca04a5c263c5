using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.Catalog.Tracking;

/// <summary>A service says why it cannot process a video.</summary>
internal sealed class TrackFailuresConsumer(CatalogDbContext database) : IConsumer<VideoProcessingFailed>
{
    public Task Consume(ConsumeContext<VideoProcessingFailed> context) => context.Message.Dataset is not null
        ? Task.CompletedTask // A clip of a data set, not an uploaded video.
        : database.TrackAsync(context, context.Message.VideoId, video => video.Failed(context.Message.Code, context.Message.Detail));
}

internal sealed class TrackFailuresDefinition : ConsumerDefinition<TrackFailuresConsumer>
{
    public TrackFailuresDefinition() => EndpointName = QueueNames.CatalogTrackFailures;
}
