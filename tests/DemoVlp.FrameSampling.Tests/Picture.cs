using SkiaSharp;

namespace DemoVlp.FrameSampling.Tests;

/// <summary>Looks at a sampled frame.</summary>
internal static class Picture
{
    /// <summary>Colour of one point, given in parts of width and height.</summary>
    public static (byte Red, byte Green, byte Blue) At(byte[] jpeg, double x = 0.5, double y = 0.5)
    {
        using var bitmap = SKBitmap.Decode(jpeg);
        var pixel = bitmap.GetPixel((int)(x * bitmap.Width), (int)(y * bitmap.Height));
        return (pixel.Red, pixel.Green, pixel.Blue);
    }

    /// <summary>Fails unless two colours are the same but for what encoding changes.</summary>
    public static void AssertColour((byte Red, byte Green, byte Blue) expected, (byte Red, byte Green, byte Blue) actual, int tolerance = 14)
    {
        int Off(byte a, byte b) => Math.Abs(a - b);
        Assert.True(Off(expected.Red, actual.Red) <= tolerance && Off(expected.Green, actual.Green) <= tolerance && Off(expected.Blue, actual.Blue) <= tolerance,
            $"Expected the colour {expected}, found {actual}.");
    }

    /// <summary>Width and height as the JPEG itself has them.</summary>
    public static (int Width, int Height) Size(byte[] jpeg)
    {
        using var bitmap = SKBitmap.Decode(jpeg);
        return (bitmap.Width, bitmap.Height);
    }
}
