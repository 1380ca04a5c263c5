using System.Diagnostics;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Options;

namespace DemoVlp.FrameSampling;

/// <summary>Takes a video's frames and announces them, or says why there are none.</summary>
internal sealed class SampleFramesConsumer(
    FrameSampler sampler, IArtifactStore store, IOptions<FrameSamplingOptions> options, ILogger<SampleFramesConsumer> logger) : IConsumer<VideoUploaded>
{
    private readonly FrameSamplingOptions options = options.Value;

    /// <inheritdoc/>
    public async Task Consume(ConsumeContext<VideoUploaded> context)
    {
        var video = context.Message;
        var started = Stopwatch.GetTimestamp();
        try
        {
            var manifest = await FrameManifest.FindAsync(store, video, options, context.CancellationToken);
            var outcome = manifest is null ? "done" : "reused";
            manifest ??= await SampleAsync(video, context.CancellationToken);
            await context.Publish(manifest.Sampled with { Dataset = video.Dataset }, context.CancellationToken);
            Telemetry.RecordStage("sampling", outcome, Stopwatch.GetElapsedTime(started));
            logger.LogInformation("Sampled {Frames} frames of video {VideoId} ({Outcome}).", manifest.Sampled.Frames.Count, video.VideoId, outcome);
        }
        catch (Exception e) when (e is ArtifactMissingException or FileNotFoundException or DirectoryNotFoundException)
        {
            // Mostly the video was deleted meanwhile: then Catalog knows better than this message, and says so again.
            await FailAsync(FailureCodes.Internal, "A file that this step needs is missing.");
        }
        catch (VideoRefusedException refused)
        {
            if (IsGone(video)) await FailAsync(FailureCodes.Internal, "A file that this step needs is missing.");
            else await FailAsync(refused.Code, refused.Message);
        }

        async Task FailAsync(string code, string detail)
        {
            Telemetry.RecordStage("sampling", code, Stopwatch.GetElapsedTime(started));
            logger.LogWarning("Video {VideoId} cannot be sampled: {Code}: {Detail}", video.VideoId, code, detail);
            await context.Publish(new VideoProcessingFailed { VideoId = video.VideoId, Code = code, Detail = detail, Dataset = video.Dataset }, context.CancellationToken);
        }
    }

    private async Task<FrameManifest> SampleAsync(VideoUploaded video, CancellationToken cancellationToken)
    {
        await store.OpenRead(video.Source).DisposeAsync(); // Checks the length: a source cut short is our fault, not the uploader's.
        var sampled = await sampler.SampleAsync(store.GetLocalPath(video.Source), cancellationToken);
        var frames = new List<SampledFrame>();
        foreach (var frame in sampled.Frames)
        {
            var key = FrameManifest.FrameKey(video.VideoId, options.Count, frames.Count);
            var image = await store.WriteAsync(key, FrameManifest.JpegType, (stream, token) => stream.WriteAsync(frame.Jpeg, token).AsTask(), cancellationToken);
            frames.Add(new(frames.Count, frame.Seconds, frame.Width, frame.Height, image));
        }
        var manifest = new FrameManifest(FrameManifest.CurrentFormat, video.Source.Sha256, options.MaxSide, new()
        {
            VideoId = video.VideoId, DurationSeconds = sampled.DurationSeconds, Width = sampled.Width, Height = sampled.Height, Frames = frames,
        });
        await manifest.WriteAsync(store, options.Count, cancellationToken);
        return manifest;
    }

    // A file that vanished under ffmpeg looks like one that cannot be read.
    private bool IsGone(VideoUploaded video)
    {
        try
        {
            store.GetLocalPath(video.Source);
            return false;
        }
        catch (ArtifactMissingException)
        {
            return true;
        }
    }
}

/// <summary>Two videos at a time: each ffmpeg uses two threads.</summary>
internal sealed class SampleFramesConsumerDefinition : ConsumerDefinition<SampleFramesConsumer>
{
    public SampleFramesConsumerDefinition()
    {
        EndpointName = QueueNames.FramesSample;
        ConcurrentMessageLimit = 2;
    }

    /// <inheritdoc/>
    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<SampleFramesConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = 2;
}
