using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;
using MassTransit;

namespace DemoVlp.Catalog.Tracking;

/// <summary>Vectors are there, for the first time or from another model: the video can be found.</summary>
internal sealed class TrackIndexedConsumer(CatalogDbContext database, VideoAnnouncer announcer) : IConsumer<VideoIndexed>
{
    public async Task Consume(ConsumeContext<VideoIndexed> context)
    {
        TimeSpan? took = null;
        await database.TrackAsync(context, context.Message.VideoId, video =>
        {
            var first = video.IndexedAt is null;
            var changed = video.Indexed(context.Message, announcer.RedriveAt);
            took = first && changed ? Clock.Now - video.CreatedAt : null;
            return changed;
        });
        if (took is { } fromUpload) Telemetry.RecordStage("upload-to-indexed", "done", fromUpload);
    }
}

internal sealed class TrackIndexedDefinition : ConsumerDefinition<TrackIndexedConsumer>
{
    public TrackIndexedDefinition() => EndpointName = QueueNames.CatalogTrackIndexed;
}
