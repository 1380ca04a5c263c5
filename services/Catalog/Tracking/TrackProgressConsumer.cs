using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.Catalog.Tracking;

/// <summary>The extraction of a long video goes on.</summary>
internal sealed class TrackProgressConsumer(CatalogDbContext database, VideoAnnouncer announcer) : IConsumer<RegionsProgressed>
{
    public Task Consume(ConsumeContext<RegionsProgressed> context) => context.Message.Dataset is not null
        ? Task.CompletedTask // A clip of a data set, not an uploaded video.
        : database.TrackAsync(context, context.Message.VideoId, video => video.Progressed(context.Message, announcer.RedriveAt));
}

internal sealed class TrackProgressDefinition : ConsumerDefinition<TrackProgressConsumer>
{
    public TrackProgressDefinition() => EndpointName = QueueNames.CatalogTrackProgress;
}
