using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>
/// Sends frames through the detector in batches that fit the device: when its memory runs out, half as many frames go together, then half as
/// many regions, and the work goes on. Used by the detector's thread.
/// </summary>
internal sealed class FrameBatches(IOptions<RegionExtractionOptions> options, TimeProvider time, ILogger<FrameBatches> logger)
{
    private const int LongestShare = 64;
    private static readonly TimeSpan LongestGroup = TimeSpan.FromMinutes(1);
    private int batch = options.Value.MicroBatch, share = 1;
    private long ticksOfAFrame;

    /// <summary>Frames that go together now.</summary>
    public int Batch => batch;

    /// <summary>
    /// Frames of a group: as configured, or half as many, and so on, where they would take the detector more than a minute at the pace of the last ones. A message waits for its last group and
    /// at most for those of two other videos. Any thread.
    /// </summary>
    public int GroupSize
    {
        get
        {
            var size = options.Value.MicroBatch;
            while (size > 1 && size * Volatile.Read(ref ticksOfAFrame) > LongestGroup.Ticks) size /= 2;
            return size;
        }
    }

    /// <summary>Tries twice as much again, up to what is configured: what took the memory may be gone. Once for each message.</summary>
    public void Recover() => (batch, share) = (share > 1 ? batch : Math.Min(options.Value.MicroBatch, batch * 2), Math.Max(1, share / 2));

    /// <summary>The regions of each frame.</summary>
    /// <exception cref="FrameUnusableException">The detector cannot process one of them.</exception>
    /// <exception cref="OperationCanceledException">It is no longer wanted.</exception>
    public IReadOnlyList<FrameRegions> Extract(IFrameDetector detector, IReadOnlyList<FrameImage> frames, CancellationToken cancellationToken)
    {
        var found = new List<FrameRegions>(frames.Count);
        var alone = false;
        while (found.Count < frames.Count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var next = frames.Skip(found.Count).Take(alone ? 1 : batch).ToList();
            try
            {
                var started = time.GetTimestamp();
                found.AddRange(detector.Extract(next, next.Count, share, cancellationToken));
                Volatile.Write(ref ticksOfAFrame, time.GetElapsedTime(started).Ticks / next.Count);
            }
            catch (Exception e) when (OutOfMemory.Caused(e) && Halve(next.Count))
            {
                logger.LogWarning(e, "The device has no memory for {Frames} frames; going on with {Batch}, a {Share}th of the regions at once.", next.Count, batch, share);
            }
            catch (DetectorException e)
            {
                if (next.Count == 1) throw new FrameUnusableException(next[0].FrameIndex, $"cannot be processed: {e.Message}", e);
                alone = true; // One by one it shows which frame it is.
            }
        }
        return found;
    }

    private bool Halve(int frames)
    {
        if (frames > 1) batch = frames / 2;
        else if (share < LongestShare) share *= 2;
        else return false;
        return true;
    }
}
