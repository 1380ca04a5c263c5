using System.Diagnostics;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction;

/// <summary>Finds the regions of a video's frames, once and for good, and announces them.</summary>
internal sealed class ExtractRegionsConsumer(
    DetectorWorker worker, RegionStore regions, IArtifactStore store, IOptions<RegionExtractionOptions> options, ILogger<ExtractRegionsConsumer> logger)
    : IConsumer<FramesSampled>
{
    /// <inheritdoc/>
    public async Task Consume(ConsumeContext<FramesSampled> context)
    {
        var video = context.Message;
        var started = Stopwatch.GetTimestamp();
        try
        {
            var detector = await worker.LoadedAsync(context.CancellationToken);
            var found = await FindAsync(video, detector, context.CancellationToken);
            var outcome = found is null ? "done" : "reused";
            found ??= await ExtractAsync(video, detector, context.CancellationToken);
            await context.Publish(found, context.CancellationToken);
            Telemetry.RecordStage("extraction", outcome, Stopwatch.GetElapsedTime(started));
            logger.LogInformation("Found {Regions} regions in video {VideoId} ({Outcome}).", found.RegionCount, video.VideoId, outcome);
        }
        catch (Exception e) when (e is ArtifactMissingException or FileNotFoundException or DirectoryNotFoundException)
        {
            // Mostly the video was deleted meanwhile: then Catalog knows better than this message, and says so again.
            Telemetry.RecordStage("extraction", FailureCodes.Internal, Stopwatch.GetElapsedTime(started));
            logger.LogWarning(e, "A file of video {VideoId} is missing.", video.VideoId);
            await context.Publish(
                new VideoProcessingFailed { VideoId = video.VideoId, Code = FailureCodes.Internal, Detail = "A file that this step needs is missing." }, context.CancellationToken);
        }
        catch (Exception e) when (e is FrameUnreadableException or DetectorException or ModelFormatException)
        {
            Telemetry.RecordStage("extraction", FailureCodes.ExtractionFailed, Stopwatch.GetElapsedTime(started));
            logger.LogWarning(e, "The regions of video {VideoId} cannot be extracted.", video.VideoId);
            await context.Publish(
                new VideoProcessingFailed { VideoId = video.VideoId, Code = FailureCodes.ExtractionFailed, Detail = Explain(e) }, context.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            // With the context's own token the bus knows a stop from a failure and leaves the message in the queue.
            context.CancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    private async Task<RegionsExtracted?> FindAsync(FramesSampled video, DetectorInfo detector, CancellationToken cancellationToken)
    {
        try
        {
            return await regions.FindAsync(video.VideoId, detector, cancellationToken) is var (artifact, file) && RegionStore.IsOf(file, detector, video.Frames)
                ? Announce(video.VideoId, detector, artifact, file)
                : null;
        }
        catch (ModelFormatException e)
        {
            logger.LogWarning(e, "The region file of video {VideoId} is damaged; it is made anew.", video.VideoId);
            return null;
        }
    }

    private async Task<RegionsExtracted> ExtractAsync(FramesSampled video, DetectorInfo detector, CancellationToken cancellationToken)
    {
        var jpegs = new List<(SampledFrame Frame, byte[] Jpeg)>();
        foreach (var frame in video.Frames) jpegs.Add((frame, await store.ReadAsync(frame.Image, cancellationToken)));
        var found = await worker.RunAsync(extractor =>
        {
            var all = new List<FrameRegions>();
            foreach (var batch in jpegs.Chunk(options.Value.MicroBatch))
            {
                cancellationToken.ThrowIfCancellationRequested();
                // Decoded batch by batch: many large frames need not be in memory at once.
                all.AddRange(extractor.Extract([.. batch.Select(b => FrameReader.Decode(b.Frame, b.Jpeg))], options.Value.MicroBatch));
            }
            return all;
        }, cancellationToken);
        var file = new RegionFile(detector.Name, detector.Hash, detector.FeatureDim, found);
        return Announce(video.VideoId, detector, await regions.WriteAsync(video.VideoId, detector, file, cancellationToken), file);
    }

    private static RegionsExtracted Announce(Guid videoId, DetectorInfo detector, DemoVlp.Contracts.ArtifactRef artifact, RegionFile file) =>
        new() { VideoId = videoId, Regions = artifact, RegionCount = file.Frames.Sum(f => f.Count), Detector = detector.Name };

    private static string Explain(Exception e) =>
        e is FrameUnreadableException ? e.Message : "The detector could not process the frames of this video.";
}

/// <summary>One video at a time: the processor or GPU is one.</summary>
internal sealed class ExtractRegionsConsumerDefinition : ConsumerDefinition<ExtractRegionsConsumer>
{
    public ExtractRegionsConsumerDefinition()
    {
        EndpointName = QueueNames.RegionsExtract;
        ConcurrentMessageLimit = 1;
    }

    /// <inheritdoc/>
    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<ExtractRegionsConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = 1;
}
