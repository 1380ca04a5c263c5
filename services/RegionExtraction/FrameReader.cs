using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Detection;
using SkiaSharp;

namespace DemoVlp.RegionExtraction;

/// <summary>A frame's picture cannot be used.</summary>
internal sealed class FrameUnreadableException(int index, string why) : Exception($"Frame {index} of the video cannot be read: {why}.");

/// <summary>Decodes frames to the bytes that the detector looks at.</summary>
internal static class FrameReader
{
    /// <summary>Decodes a JPEG to rows of blue, green and red.</summary>
    /// <exception cref="FrameUnreadableException">It is no whole picture of the size announced.</exception>
    public static FrameImage Decode(SampledFrame frame, byte[] jpeg)
    {
        using var data = SKData.CreateCopy(jpeg);
        using var codec = SKCodec.Create(data) ?? throw new FrameUnreadableException(frame.Index, "it is no picture");
        // Checked before anything of that size is allocated.
        if (codec.Info.Width != frame.Width || codec.Info.Height != frame.Height)
            throw new FrameUnreadableException(frame.Index, $"it has {codec.Info.Width}x{codec.Info.Height} pixels instead of {frame.Width}x{frame.Height}");
        var result = codec.GetPixels(new SKImageInfo(frame.Width, frame.Height, SKColorType.Bgra8888, SKAlphaType.Opaque), out var bgra);
        if (result != SKCodecResult.Success) throw new FrameUnreadableException(frame.Index, "its picture is damaged");

        var bgr = new byte[bgra.Length / 4 * 3];
        for (int from = 0, to = 0; from < bgra.Length; from += 4, to += 3)
            (bgr[to], bgr[to + 1], bgr[to + 2]) = (bgra[from], bgra[from + 1], bgra[from + 2]);
        return new(frame.Index, frame.TimestampSeconds, frame.Width, frame.Height, bgr);
    }
}
