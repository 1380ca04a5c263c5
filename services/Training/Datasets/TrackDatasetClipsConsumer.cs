using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Training.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>What became of the clips of generated data sets. A clip's features stay, whatever is said of it later, until another detector is in use.</summary>
internal sealed partial class TrackDatasetClipsConsumer(TrainingDbContext database, TimeProvider time, ILogger<TrackDatasetClipsConsumer> log)
    : IConsumer<RegionsExtracted>, IConsumer<VideoProcessingFailed>, IConsumer<Fault<VideoUploaded>>, IConsumer<Fault<FramesSampled>>
{
    public async Task Consume(ConsumeContext<RegionsExtracted> context)
    {
        if (context.Message.Dataset is not { } dataset) return;
        var (video, regions, detector) = (context.Message.VideoId, context.Message.Regions, context.Message.DetectorHash);
        var known = await database.DatasetClips.Where(c => c.VideoId == video).ExecuteUpdateAsync(set => set
            .SetProperty(c => c.Regions, regions).SetProperty(c => c.DetectorHash, detector).SetProperty(c => c.FailureCode, (string?)null).SetProperty(c => c.FailureDetail, (string?)null), context.CancellationToken);
        // The data set was deleted meanwhile: so is what has just been written of it.
        if (known == 0) await context.Publish(new VideoDeleted { VideoId = video, DeletedAt = time.GetUtcNow().UtcDateTime, Dataset = dataset }, context.CancellationToken);
    }

    public Task Consume(ConsumeContext<VideoProcessingFailed> context) => context.Message.Dataset is null
        ? Task.CompletedTask
        : FailAsync(context.Message.VideoId, context.Message.Code, context.Message.Detail, context.CancellationToken);

    public Task Consume(ConsumeContext<Fault<VideoUploaded>> context) =>
        FaultAsync(context, QueueNames.FramesSample, context.Message.Message.Dataset, context.Message.Message.VideoId, "Sampling its frames");

    public Task Consume(ConsumeContext<Fault<FramesSampled>> context) =>
        FaultAsync(context, QueueNames.RegionsExtract, context.Message.Message.Dataset, context.Message.Message.VideoId, "Extracting its regions");

    private async Task FaultAsync<T>(ConsumeContext<Fault<T>> context, string queue, string? dataset, Guid video, string step) where T : class
    {
        if (dataset is null || !context.CameFrom(queue)) return;
        LogFault(video, dataset, queue, context.Describe());
        await FailAsync(video, FailureCodes.Internal, $"{step} failed for a reason that is ours, not the clip's.", context.CancellationToken);
    }

    private Task<int> FailAsync(Guid video, string code, string detail, CancellationToken cancellationToken) =>
        database.DatasetClips.Where(c => c.VideoId == video && c.Regions == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailureCode, code).SetProperty(c => c.FailureDetail, detail), cancellationToken);

    [LoggerMessage(LogLevel.Error, "Clip {VideoId} of data set {Dataset} fails in {Queue}: {Fault}")]
    private partial void LogFault(Guid videoId, string dataset, string queue, string fault);
}

/// <summary>Where the answers about clips arrive.</summary>
internal sealed class TrackDatasetClipsDefinition : ConsumerDefinition<TrackDatasetClipsConsumer>
{
    public TrackDatasetClipsDefinition() => EndpointName = QueueNames.TrainingTrackDatasetClips;
}
