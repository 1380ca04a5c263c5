namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a video's frames are in the store. Published by FrameSampling.</summary>
public sealed record FramesSampled
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>Length in seconds; null where neither container nor stream tells.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary>Width of the video's picture in pixels: upright (after rotation), as large as it is. The frames may be smaller.</summary>
    public required int Width { get; init; }

    /// <summary>Height of the video's picture in pixels, likewise.</summary>
    public required int Height { get; init; }

    /// <summary>The frames in ascending time.</summary>
    public required IReadOnlyList<SampledFrame> Frames { get; init; }

    /// <summary>The data set whose clip it is; null: an uploaded video. Services that keep uploaded videos take no notice of clips.</summary>
    public string? Dataset { get; init; }
}

/// <summary>One sampled frame, upright, as JPEG.</summary>
/// <param name="Index">Position among the sampled frames, from 0.</param>
/// <param name="TimestampSeconds">Presentation time in the video, seconds from its start.</param>
/// <param name="Width">Pixels of the JPEG.</param>
/// <param name="Height">Pixels of the JPEG.</param>
/// <param name="Image">The JPEG.</param>
public sealed record SampledFrame(int Index, double TimestampSeconds, int Width, int Height, ArtifactRef Image);
