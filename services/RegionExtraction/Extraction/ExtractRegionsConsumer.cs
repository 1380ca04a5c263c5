using System.Diagnostics;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Modeling;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.ServiceDefaults;
using MassTransit;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>
/// Finds the regions of a video's frames, once for each detector, and announces them. A video that takes longer than one message may is put at the
/// end of the queue again, so that other videos and other workers have their turn.
/// </summary>
internal sealed class ExtractRegionsConsumer(VideoExtraction extraction, ILogger<ExtractRegionsConsumer> logger) : IConsumer<FramesSampled>
{
    /// <inheritdoc/>
    public async Task Consume(ConsumeContext<FramesSampled> context)
    {
        var videoId = context.Message.VideoId;
        var started = Stopwatch.GetTimestamp();
        try
        {
            var step = await extraction.ContinueAsync(context.Message, context.CancellationToken);
            if (step.Extracted is { } found)
            {
                await context.Publish(found, context.CancellationToken);
                RecordStage(step.Reused ? "reused" : "done");
                logger.LogInformation("Found {Regions} regions in video {VideoId} (reused: {Reused}).", found.RegionCount, videoId, step.Reused);
                return;
            }
            if (step.Progress is { } progress) await context.Publish(progress, context.CancellationToken);
            RecordStage("continued");
            await AgainAsync(context);
        }
        catch (DetectorReplacedException)
        {
            await AgainAsync(context);
        }
        catch (Exception e) when (e is ArtifactMissingException or FileNotFoundException or DirectoryNotFoundException)
        {
            // Mostly the video was deleted meanwhile: then Catalog knows better than this message, and says so again.
            await FailAsync(e, FailureCodes.Internal, "A file that this step needs is missing.");
        }
        catch (Exception e) when (e is FrameUnusableException or ModelFormatException)
        {
            await FailAsync(e, FailureCodes.ExtractionFailed, e is FrameUnusableException ? e.Message : "The detector could not process the frames of this video.");
        }
        catch (OperationCanceledException)
        {
            // With the context's own token the bus knows a stop from a failure and leaves the message in the queue.
            context.CancellationToken.ThrowIfCancellationRequested();
            throw;
        }

        async Task FailAsync(Exception e, string code, string detail)
        {
            RecordStage(code);
            logger.LogWarning(e, "The regions of video {VideoId} cannot be extracted.", videoId);
            await context.Publish(new VideoProcessingFailed { VideoId = videoId, Code = code, Detail = detail, Dataset = context.Message.Dataset }, context.CancellationToken);
        }

        void RecordStage(string outcome) => Telemetry.RecordStage("extraction", outcome, Stopwatch.GetElapsedTime(started));
    }

    // To this queue alone: nobody else needs to hear of the frames again.
    private static async Task AgainAsync(ConsumeContext<FramesSampled> context) =>
        await (await context.GetSendEndpoint(context.ReceiveContext.InputAddress)).Send(context.Message, context.CancellationToken);
}

/// <summary>Three videos at a time: while the detector looks at one, the frames of the others are read, and small groups of these share a batch.</summary>
internal sealed class ExtractRegionsConsumerDefinition : ConsumerDefinition<ExtractRegionsConsumer>
{
    private const int Videos = 3;

    public ExtractRegionsConsumerDefinition()
    {
        EndpointName = QueueNames.RegionsExtract;
        ConcurrentMessageLimit = Videos;
    }

    /// <inheritdoc/>
    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<ExtractRegionsConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = Videos;
}
