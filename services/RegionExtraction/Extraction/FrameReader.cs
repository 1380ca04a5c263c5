using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Detection;
using SkiaSharp;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>A frame cannot be used, which is the fault of its video.</summary>
internal sealed class FrameUnusableException(int index, string why, Exception? inner = null) : Exception($"Frame {index} of the video {why}", inner);

/// <summary>Decodes pictures to the bytes that the detector looks at: rows of blue, green and red.</summary>
internal static class FrameReader
{
    // Sampled frames are smaller by far; a forged one could ask for gigabytes.
    private const long MostPixels = 1L << 26;

    /// <summary>Decodes a sampled frame.</summary>
    /// <exception cref="FrameUnusableException">It is no whole picture of the size announced.</exception>
    public static FrameImage Decode(SampledFrame frame, byte[] jpeg)
    {
        using var data = SKData.CreateCopy(jpeg);
        using var codec = SKCodec.Create(data) ?? throw Unreadable("it is no picture");
        // Checked before anything of that size is allocated.
        if (codec.Info.Width != frame.Width || codec.Info.Height != frame.Height)
            throw Unreadable($"it has {codec.Info.Width}x{codec.Info.Height} pixels instead of {frame.Width}x{frame.Height}");
        return new(frame.Index, frame.TimestampSeconds, frame.Width, frame.Height, Pixels(codec, Unreadable));

        FrameUnusableException Unreadable(string why) => new(frame.Index, $"cannot be read: {why}.");
    }

    /// <summary>Reads a picture file of whatever size.</summary>
    /// <exception cref="IOException">It cannot be read, or it is no whole picture.</exception>
    public static FrameImage Read(string path)
    {
        using var data = SKData.CreateCopy(File.ReadAllBytes(path));
        using var codec = SKCodec.Create(data) ?? throw Unreadable("it is no picture");
        // The original project turns such a picture; boxes in the pixels of one that is not turned would be other boxes.
        if (codec.EncodedOrigin != SKEncodedOrigin.TopLeft) throw Unreadable("its EXIF orientation says that it lies on its side or is mirrored; save it upright");
        return new(0, 0, codec.Info.Width, codec.Info.Height, Pixels(codec, Unreadable));

        static IOException Unreadable(string why) => new($"The picture cannot be read: {why}.");
    }

    private static byte[] Pixels(SKCodec codec, Func<string, Exception> unreadable)
    {
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > MostPixels) throw unreadable($"{width}x{height} pixels are too many");
        // Not premultiplied: of what is transparent the colour is taken as it stands, as OpenCV does.
        var result = codec.GetPixels(new SKImageInfo(width, height, SKColorType.Bgra8888, SKAlphaType.Unpremul), out var bgra);
        if (result != SKCodecResult.Success) throw unreadable("its picture is damaged");

        var bgr = new byte[bgra.Length / 4 * 3];
        for (int from = 0, to = 0; from < bgra.Length; from += 4, to += 3)
            (bgr[to], bgr[to + 1], bgr[to + 2]) = (bgra[from], bgra[from + 1], bgra[from + 2]);
        return bgr;
    }
}
