using DemoVlp.Contracts.Videos;
using Microsoft.Extensions.Options;

namespace DemoVlp.FrameSampling;

/// <summary>The frames taken from a video.</summary>
/// <param name="DurationSeconds">Length in seconds, where it can be told.</param>
/// <param name="Width">Pixels of the upright picture, before any scaling.</param>
/// <param name="Height">Pixels of the upright picture, before any scaling.</param>
/// <param name="Frames">At least one, ascending; times are seconds from the video's start.</param>
internal sealed record SampledVideo(double? DurationSeconds, int Width, int Height, IReadOnlyList<DecodedFrame> Frames);

/// <summary>Takes frames from a video file that nobody vouches for.</summary>
internal sealed class FrameSampler(IOptions<FrameSamplingOptions> options)
{
    private readonly FrameSamplingOptions options = options.Value;

    /// <summary>Probes the file and takes its frames.</summary>
    /// <exception cref="VideoRefusedException">The video is the reason why that does not work.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; no child process is left.</exception>
    public async Task<SampledVideo> SampleAsync(string path, CancellationToken cancellationToken)
    {
        using var folder = new PrivateFolder();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(options.TimeoutSeconds));
        try
        {
            return await SampleAsync(path, folder.Path, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new VideoRefusedException(FailureCodes.DecodeTimeout, $"Decoding the video took longer than the {options.TimeoutSeconds} seconds allowed.");
        }
        catch (OperationCanceledException)
        {
            // The caller's own token, by which the bus tells a stop from a failure.
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    private async Task<SampledVideo> SampleAsync(string path, string folder, CancellationToken cancellationToken)
    {
        var prober = new VideoProber(options);
        var decoder = new FrameDecoder(options);
        var video = await prober.ProbeAsync(path, folder, cancellationToken);
        PacketTimes? packets = null;
        if (SamplingPlan.ForLong(video, options.Count) is not { } plan)
        {
            packets = await prober.ScanAsync(path, video, folder, cancellationToken);
            plan = SamplingPlan.For(video, packets, options.Count);
        }
        var decoded = await decoder.DecodeAsync(path, video, plan, folder, cancellationToken);
        if (packets is null && decoded.Frames.Count < plan.Count)
        {
            // The container promised more than there is: go by what is there.
            packets = await prober.ScanAsync(path, video, folder, cancellationToken);
            var again = await decoder.DecodeAsync(path, video, SamplingPlan.For(video, packets, options.Count), folder, cancellationToken);
            if (again.Frames.Count > decoded.Frames.Count) decoded = again;
        }
        if (decoded.Frames.Count == 0) throw Nothing(decoded);

        // Audio may begin before the pictures' zero; players still count from zero.
        var start = Math.Max(0, video.StartSeconds);
        return new(video.DurationSeconds ?? Length(packets), decoded.Picture.Width, decoded.Picture.Height, [.. decoded.Frames.Select(f => f with { Seconds = Math.Max(0, f.Seconds - start) })]);
    }

    private static VideoRefusedException Nothing(DecodedFrames decoded)
    {
        if (decoded.NoDecoder) return new(FailureCodes.UnsupportedFormat, "The pictures are compressed in a way that is not supported.");
        if (decoded.Killed) return VideoProber.DecoderGaveUp();
        return new(FailureCodes.NoFrames, "The file claims to be a video, but not one picture in it could be decoded.");
    }

    // The last frame is shown about as long as the others.
    private static double? Length(PacketTimes? packets) => packets?.Seconds is { Count: > 1 } times
        ? (times[^1] - times[0]) * times.Count / (times.Count - 1)
        : null;
}
