using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Serialization;
using DemoVlp.RegionExtraction.Extraction;
using DemoVlp.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace DemoVlp.RegionExtraction.Tests;

public sealed class FrameReaderTests
{
    [Fact]
    public void Read_OfTheReferencesPicture_GivesThePixelsThatTheReferenceSaw()
    {
        using var scope = NewDisposeScope();
        var goldens = Path.Combine(RepositoryRoot.Find(), "tests", "goldens", "detector");
        var expected = Safetensors.Load(Path.Combine(goldens, "goldens.safetensors"))["image_bgr_u8"];

        var picture = FrameReader.Read(Path.Combine(goldens, "image.png"));

        Assert.Equal([picture.Height, picture.Width, 3], expected.shape);
        Assert.Equal(expected.data<byte>().ToArray(), picture.Bgr);
    }

    [Fact]
    public void Read_OfATransparentPicture_TakesItsColoursAsTheyStand()
    {
        using var folder = new TemporaryFolder();
        using var bitmap = new SKBitmap(new SKImageInfo(1, 1, SKColorType.Bgra8888, SKAlphaType.Unpremul));
        bitmap.Erase(new SKColor(200, 100, 50, 128));
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(folder["glass.png"], png.ToArray());

        Assert.Equal([50, 100, 200], FrameReader.Read(folder["glass.png"]).Bgr);
    }

    // The colours of the quarters from the upper left to the lower right: in the file they are red, green, blue and white.
    [Theory]
    [InlineData(1, "RGBW")]
    [InlineData(2, "GRWB")]
    [InlineData(3, "WBGR")]
    [InlineData(4, "BWRG")]
    [InlineData(5, "RBGW")]
    [InlineData(6, "BRWG")]
    [InlineData(7, "WGBR")]
    [InlineData(8, "GWRB")]
    public void Read_OfAPictureWithAnOrientation_TurnsItUpright(byte orientation, string quarters)
    {
        using var folder = new TemporaryFolder();
        var jpeg = Quarters(64, 32);
        // An EXIF segment whose one entry is the orientation (0x0112).
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
        File.WriteAllBytes(folder["turned.jpg"], [.. jpeg[..2], .. exif, .. jpeg[2..]]);

        var picture = FrameReader.Read(folder["turned.jpg"]);

        Assert.Equal(orientation < 5 ? (64, 32) : (32, 64), (picture.Width, picture.Height));
        Assert.Equal(quarters, string.Concat(new[] { (1, 1), (3, 1), (1, 3), (3, 3) }.Select(at => Name(picture, picture.Width * at.Item1 / 4, picture.Height * at.Item2 / 4))));

        static char Name(FrameImage picture, int x, int y)
        {
            var at = (y * picture.Width + x) * 3;
            return (picture.Bgr[at] > 127, picture.Bgr[at + 1] > 127, picture.Bgr[at + 2] > 127) switch
            {
                (false, false, true) => 'R',
                (false, true, false) => 'G',
                (true, false, false) => 'B',
                (true, true, true) => 'W',
                _ => '?',
            };
        }
    }

    private static byte[] Quarters(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint();
        foreach (var (i, color) in new[] { SKColors.Red, SKColors.Lime, SKColors.Blue, SKColors.White }.Index())
        {
            paint.Color = color;
            canvas.DrawRect(i % 2 * width / 2f, i / 2 * height / 2f, width / 2f, height / 2f, paint);
        }
        using var jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, 95);
        return jpeg.ToArray();
    }
}
