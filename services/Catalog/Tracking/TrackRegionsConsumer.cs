using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.Catalog.Tracking;

/// <summary>Regions are there: the video waits for its vectors.</summary>
internal sealed class TrackRegionsConsumer(CatalogDbContext database, VideoAnnouncer announcer) : IConsumer<RegionsExtracted>
{
    public Task Consume(ConsumeContext<RegionsExtracted> context) => context.Message.Dataset is not null
        ? Task.CompletedTask // A clip of a data set, not an uploaded video.
        : database.TrackAsync(context, context.Message.VideoId, video => video.Extracted(context.Message, announcer.RedriveAt));
}

internal sealed class TrackRegionsDefinition : ConsumerDefinition<TrackRegionsConsumer>
{
    public TrackRegionsDefinition() => EndpointName = QueueNames.CatalogTrackRegions;
}
