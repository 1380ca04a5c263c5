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

    /// <summary>Reads a picture file of whatever size, upright as its EXIF orientation says (spec section 1).</summary>
    /// <exception cref="IOException">It cannot be read, or it is no whole picture.</exception>
    public static FrameImage Read(string path)
    {
        using var data = SKData.CreateCopy(File.ReadAllBytes(path));
        using var codec = SKCodec.Create(data) ?? throw Unreadable("it is no picture");
        return Upright(Pixels(codec, Unreadable), codec.Info.Width, codec.Info.Height, codec.EncodedOrigin);

        static IOException Unreadable(string why) => new($"The picture cannot be read: {why}.");
    }

    private static FrameImage Upright(byte[] bgr, int width, int height, SKEncodedOrigin origin)
    {
        if (origin == SKEncodedOrigin.TopLeft) return new(0, 0, width, height, bgr);
        var (right, bottom) = (width - 1, height - 1);
        var (columns, rows) = origin >= SKEncodedOrigin.LeftTop ? (height, width) : (width, height);
        var turned = new byte[bgr.Length];
        for (var y = 0; y < rows; y++)
            for (var x = 0; x < columns; x++)
            {
                // Where the pixel is in the file.
                var (column, row) = origin switch
                {
                    SKEncodedOrigin.TopRight => (right - x, y),
                    SKEncodedOrigin.BottomRight => (right - x, bottom - y),
                    SKEncodedOrigin.BottomLeft => (x, bottom - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, bottom - x),
                    SKEncodedOrigin.RightBottom => (right - y, bottom - x),
                    _ => (right - y, x),
                };
                bgr.AsSpan((row * width + column) * 3, 3).CopyTo(turned.AsSpan((y * columns + x) * 3));
            }
        return new(0, 0, columns, rows, turned);
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
