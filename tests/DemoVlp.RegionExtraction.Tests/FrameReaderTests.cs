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

    [Fact]
    public void Read_OfAPictureThatLiesOnItsSide_RefusesToTakeItForUpright()
    {
        using var folder = new TemporaryFolder();
        var jpeg = Frames.Draw(32, 24, SKColors.Black, SKColors.Blue);
        // An EXIF segment whose one entry is orientation (0x0112) 6: turned by a quarter.
        byte[] orientation = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
        File.WriteAllBytes(folder["turned.jpg"], [.. jpeg[..2], .. orientation, .. jpeg[2..]]);

        Assert.Contains("EXIF", Assert.Throws<IOException>(() => FrameReader.Read(folder["turned.jpg"])).Message, StringComparison.Ordinal);
    }
}
