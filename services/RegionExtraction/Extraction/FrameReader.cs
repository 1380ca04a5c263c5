using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Detection;
using SkiaSharp;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>A frame cannot be used, which is the fault of its video.</summary>
internal sealed class FrameUnusableException(int index, string why, Exception? inner = null) : Exception($"Frame {index} of the video {why}", inner);

/// <summary>Decodes frames to the bytes that the detector looks at.</summary>
internal static class FrameReader
{
    // Sampled frames are smaller by far; a forged one could ask for gigabytes.
    private const long MostPixels = 1L << 26;

    /// <summary>Decodes a JPEG to rows of blue, green and red.</summary>
    /// <exception cref="FrameUnusableException">It is no whole picture of the size announced.</exception>
    public static FrameImage Decode(SampledFrame frame, byte[] jpeg)
    {
        using var data = SKData.CreateCopy(jpeg);
        using var codec = SKCodec.Create(data) ?? throw Unreadable(frame, "it is no picture");
        // Checked before anything of that size is allocated.
        if (codec.Info.Width != frame.Width || codec.Info.Height != frame.Height)
            throw Unreadable(frame, $"it has {codec.Info.Width}x{codec.Info.Height} pixels instead of {frame.Width}x{frame.Height}");
        if ((long)frame.Width * frame.Height > MostPixels) throw Unreadable(frame, $"{frame.Width}x{frame.Height} pixels are too many");
        var result = codec.GetPixels(new SKImageInfo(frame.Width, frame.Height, SKColorType.Bgra8888, SKAlphaType.Opaque), out var bgra);
        if (result != SKCodecResult.Success) throw Unreadable(frame, "its picture is damaged");

        var bgr = new byte[bgra.Length / 4 * 3];
        for (int from = 0, to = 0; from < bgra.Length; from += 4, to += 3)
            (bgr[to], bgr[to + 1], bgr[to + 2]) = (bgra[from], bgra[from + 1], bgra[from + 2]);
        return new(frame.Index, frame.TimestampSeconds, frame.Width, frame.Height, bgr);
    }

    private static FrameUnusableException Unreadable(SampledFrame frame, string why) => new(frame.Index, $"cannot be read: {why}.");
}
