using System.Runtime.InteropServices;
using SkiaSharp;

namespace DemoVlp.MovingShapes;

/// <summary>Draws the frames of one scene.</summary>
public sealed class SceneRenderer : IDisposable
{
    private readonly Scene scene;
    private readonly SKBitmap backdrop;

    /// <summary>Draws the background, which all frames share.</summary>
    public SceneRenderer(Scene scene)
    {
        this.scene = scene;
        backdrop = Blank();
        using var canvas = new SKCanvas(backdrop);
        canvas.Clear(Color(scene.Background.First));
        if (scene.Background.Kind == BackgroundKind.Gradient) DrawGradient(canvas, scene.Background);
        if (scene.Background.Kind == BackgroundKind.Noisy) AddNoise(backdrop, scene.Background);
    }

    /// <summary>A frame as a picture of 320 x 240 pixels (Bgra8888), which the caller frees.</summary>
    public SKBitmap Draw(int frame)
    {
        var picture = backdrop.Copy();
        using var canvas = new SKCanvas(picture);
        foreach (var thing in scene.Objects)
        {
            using var path = Path(thing.Outline(frame));
            using var paint = new SKPaint { Color = Color(thing.Paint), IsAntialias = true };
            canvas.DrawPath(path, paint);
        }
        return picture;
    }

    /// <summary>A frame's bytes [240, 320, 3] row by row: red, green, blue.</summary>
    public byte[] Rgb(int frame)
    {
        using var picture = Draw(frame);
        var bgra = picture.GetPixelSpan();
        var rgb = new byte[bgra.Length / 4 * 3];
        for (int from = 0, to = 0; from < bgra.Length; from += 4, to += 3)
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (bgra[from + 2], bgra[from + 1], bgra[from]);
        return rgb;
    }

    /// <summary>Frees the background.</summary>
    public void Dispose() => backdrop.Dispose();

    private static SKBitmap Blank() => new(new SKImageInfo(Scene.Width, Scene.Height, SKColorType.Bgra8888, SKAlphaType.Opaque));

    private static SKColor Color(Rgb color) => new(color.R, color.G, color.B);

    private static SKPath Path(Point[][] outline)
    {
        var path = new SKPath { FillType = SKPathFillType.EvenOdd };
        foreach (var polygon in outline) path.AddPoly([.. polygon.Select(p => new SKPoint((float)p.X, (float)p.Y))], close: true);
        return path;
    }

    private static void DrawGradient(SKCanvas canvas, Background background)
    {
        var (dx, dy) = ((float)Math.Cos(background.Angle) * Scene.Width / 2, (float)Math.Sin(background.Angle) * Scene.Height / 2);
        var middle = new SKPoint(Scene.Width / 2f, Scene.Height / 2f);
        using var shader = SKShader.CreateLinearGradient(middle - new SKPoint(dx, dy), middle + new SKPoint(dx, dy),
            [Color(background.First), Color(background.Second)], SKShaderTileMode.Clamp);
        using var paint = new SKPaint { Shader = shader };
        canvas.DrawPaint(paint);
    }

    // Grains of two by two pixels, the same in all frames: finer or flickering ones would not outlive the video's compression.
    private static void AddNoise(SKBitmap picture, Background background)
    {
        var random = new SeededRandom(background.Seed);
        var bytes = picture.Bytes;
        for (var y = 0; y < Scene.Height; y += 2)
            for (var x = 0; x < Scene.Width; x += 2)
                for (var channel = 0; channel < 3; channel++)
                {
                    var change = random.Below(2 * background.Strength + 1) - background.Strength;
                    for (var i = 0; i < 4; i++)
                    {
                        var at = ((y + i / 2) * Scene.Width + x + i % 2) * 4 + channel;
                        bytes[at] = (byte)Math.Clamp(bytes[at] + change, 0, 255);
                    }
                }
        Marshal.Copy(bytes, 0, picture.GetPixels(), bytes.Length);
    }
}
