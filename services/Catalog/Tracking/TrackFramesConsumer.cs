using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.Catalog.Tracking;

/// <summary>Frames are there: the video waits for its regions.</summary>
internal sealed class TrackFramesConsumer(CatalogDbContext database, VideoAnnouncer announcer) : IConsumer<FramesSampled>
{
    public Task Consume(ConsumeContext<FramesSampled> context) => context.Message.Dataset is not null
        ? Task.CompletedTask // A clip of a data set, not an uploaded video.
        : database.TrackAsync(context, context.Message.VideoId, video => video.Sampled(context.Message, announcer.RedriveAt));
}

internal sealed class TrackFramesDefinition : ConsumerDefinition<TrackFramesConsumer>
{
    public TrackFramesDefinition() => EndpointName = QueueNames.CatalogTrackFrames;
}
