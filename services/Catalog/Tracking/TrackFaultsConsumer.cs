using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.Catalog.Tracking;

/// <summary>
/// A service gave up on a message for a reason that is not the video's. The step is named to the person who uploaded it, the exception
/// goes to the log alone.
/// </summary>
internal sealed class TrackFaultsConsumer(CatalogDbContext database, ILogger<TrackFaultsConsumer> log)
    : IConsumer<Fault<VideoUploaded>>, IConsumer<Fault<FramesSampled>>, IConsumer<Fault<RegionsExtracted>>
{
    public Task Consume(ConsumeContext<Fault<VideoUploaded>> context) =>
        TrackAsync(context, QueueNames.FramesSample, context.Message.Message.Dataset, context.Message.Message.VideoId, VideoStatus.Sampling, "Sampling its frames");

    public Task Consume(ConsumeContext<Fault<FramesSampled>> context) =>
        TrackAsync(context, QueueNames.RegionsExtract, context.Message.Message.Dataset, context.Message.Message.VideoId, VideoStatus.Extracting, "Extracting its regions");

    public Task Consume(ConsumeContext<Fault<RegionsExtracted>> context) =>
        TrackAsync(context, QueueNames.QueryIndexVideo, context.Message.Message.Dataset, context.Message.Message.VideoId, VideoStatus.Embedding, "Embedding it");

    private async Task TrackAsync<T>(ConsumeContext<Fault<T>> context, string queue, string? dataset, Guid videoId, string stage, string step) where T : class
    {
        // Others consume these events too; their faults do not keep the video from going on. Clips of data sets are Training's.
        if (dataset is not null || !context.CameFrom(queue)) return;
        log.LogError("Video {VideoId} fails in {Queue}: {Fault}", videoId, queue, context.Describe());
        await database.TrackAsync(context, videoId, video =>
            video.Failed(FailureCodes.Internal, $"{step} failed for a reason that is ours, not the video's; try again later.", upTo: stage));
    }
}

internal sealed class TrackFaultsDefinition : ConsumerDefinition<TrackFaultsConsumer>
{
    public TrackFaultsDefinition() => EndpointName = QueueNames.CatalogTrackFaults;
}
