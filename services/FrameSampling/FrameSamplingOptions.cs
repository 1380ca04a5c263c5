using System.ComponentModel.DataAnnotations;

namespace DemoVlp.FrameSampling;

/// <summary>Section <c>Frames</c>.</summary>
public sealed class FrameSamplingOptions
{
    /// <summary>Frames taken from each video. Of a long video as many decoders are open at once.</summary>
    [Range(1, 32)]
    public int Count { get; set; } = 8;

    /// <summary>Longest side of a kept frame in pixels. Larger pictures are scaled down, smaller ones stay as they are.</summary>
    [Range(16, 4096)]
    public int MaxSide { get; set; } = 1280;

    /// <summary>Most pixels of a picture that is decoded at all. The default is twice 3840x2160.</summary>
    [Range(1, 1L << 28)]
    public long MaxPixels { get; set; } = 2 * 3840 * 2160;

    /// <summary>Longest video accepted.</summary>
    [Range(1, 7 * 24 * 3600)]
    public int MaxDurationSeconds { get; set; } = 6 * 3600;

    /// <summary>Wall-clock time that probing and decoding one video may take together.</summary>
    [Range(1, 1500)]
    public int TimeoutSeconds { get; set; } = 120;
}
