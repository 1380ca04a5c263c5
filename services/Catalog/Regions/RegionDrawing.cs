using System.Globalization;
using DemoVlp.Contracts.Http;
using SkiaSharp;

namespace DemoVlp.Catalog.Regions;

/// <summary>Draws regions with their names on a frame. Small frames are enlarged, so that the names can be read.</summary>
internal static class RegionDrawing
{
    private const int Side = 960;

    // Neighbours in the list differ most; each is told from the others on light and dark ground.
    private static readonly SKColor[] Colors =
    [
        new(0xFFE6194B), new(0xFF3CB44B), new(0xFF4363D8), new(0xFFF58231), new(0xFF911EB4), new(0xFF42D4F4),
        new(0xFFF032E6), new(0xFFBFEF45), new(0xFF469990), new(0xFFFFE119), new(0xFF9A6324), new(0xFFDCBEFF),
    ];

    // The system may have no fonts at all, and this Skia does not look for any.
    private static readonly SKTypeface Typeface = Load();

    /// <summary>The colour of a region's box and name.</summary>
    /// <param name="rank">Its place among those that are drawn, the most confident first.</param>
    internal static SKColor ColorOf(int rank) => Colors[rank % Colors.Length];

    /// <summary>The picture as JPEG; null if the frame is no picture of the size that the regions were found in.</summary>
    /// <param name="jpeg">The frame.</param>
    /// <param name="found">Its regions.</param>
    /// <param name="top">How many of them, the most confident first.</param>
    public static byte[]? Draw(byte[] jpeg, FrameRegionList found, int top)
    {
        using var data = SKData.CreateCopy(jpeg);
        using var codec = SKCodec.Create(data);
        if (codec is null || (codec.Info.Width, codec.Info.Height) != (found.Width, found.Height)) return null;
        using var frame = SKBitmap.Decode(codec);
        if (frame is null) return null;
        var scale = Math.Clamp((float)Side / Math.Max(frame.Width, frame.Height), 1, 16);
        var (width, height) = ((int)MathF.Round(frame.Width * scale), (int)MathF.Round(frame.Height * scale));
        using var surface = SKSurface.Create(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var picture = SKImage.FromBitmap(frame);
        surface.Canvas.DrawImage(picture, new SKRect(0, 0, width, height), new SKSamplingOptions(SKCubicResampler.Mitchell));
        DrawRegions(surface.Canvas, [.. found.Regions.OrderByDescending(r => r.Confidence).Take(top)], scale, new SKSize(width, height));
        using var drawn = surface.Snapshot();
        return drawn.Encode(SKEncodedImageFormat.Jpeg, 90).ToArray();
    }

    private static void DrawRegions(SKCanvas canvas, List<Region> regions, float scale, SKSize size)
    {
        // In proportion, because the picture may be shown at half its size.
        var text = Math.Max(size.Width, size.Height) / 48;
        var stroke = text / 7;
        using var font = new SKFont(Typeface, text) { Edging = SKFontEdging.Antialias };
        var boxes = regions.ConvertAll(r => new SKRect(r.Box[0] * scale, r.Box[1] * scale, r.Box[2] * scale, r.Box[3] * scale));
        // The least sure first: what is surer lies on top.
        for (var i = regions.Count - 1; i >= 0; i--)
        {
            using var under = new SKPaint { Style = SKPaintStyle.Stroke, StrokeWidth = stroke * 1.8f, Color = SKColors.Black.WithAlpha(140), IsAntialias = true };
            using var line = new SKPaint { Style = SKPaintStyle.Stroke, StrokeWidth = stroke, Color = ColorOf(i), IsAntialias = true };
            canvas.DrawRect(boxes[i], under);
            canvas.DrawRect(boxes[i], line);
        }
        var taken = new List<SKRect>();
        for (var i = 0; i < regions.Count; i++) DrawName(canvas, font, regions[i], boxes[i], ColorOf(i), taken, size);
    }

    private static void DrawName(SKCanvas canvas, SKFont font, Region region, SKRect box, SKColor color, List<SKRect> taken, SKSize size)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{region.Attribute} {region.Label} {region.Confidence:0.00}");
        var padding = font.Size / 5;
        var (width, height) = (Math.Min(font.MeasureText(text) + 2 * padding, size.Width), font.Size + 2 * padding);
        if (Place(box, width, height, taken, size) is not { } place) return; // No room is left for a name that could be read.
        taken.Add(place);
        using var ground = new SKPaint { Color = color };
        using var ink = new SKPaint { Color = color.Red * 0.299 + color.Green * 0.587 + color.Blue * 0.114 > 140 ? SKColors.Black : SKColors.White, IsAntialias = true };
        canvas.DrawRect(place, ground);
        canvas.Save();
        canvas.ClipRect(place);
        canvas.DrawText(text, place.Left + padding, place.Bottom - padding - font.Size * 0.15f, font, ink);
        canvas.Restore();
    }

    // Above the box, in it, below it, then further down: where no other name is.
    private static SKRect? Place(SKRect box, float width, float height, List<SKRect> taken, SKSize size)
    {
        var left = Math.Clamp(box.Left, 0, size.Width - width);
        float[] tops = [box.Top - height, box.Top, box.Bottom, .. Enumerable.Range(1, 40).Select(n => box.Top + n * height), .. Enumerable.Range(2, 40).Select(n => box.Top - n * height)];
        foreach (var top in tops)
        {
            var place = new SKRect(left, top, left + width, top + height);
            if (top >= 0 && place.Bottom <= size.Height && !taken.Exists(place.IntersectsWith)) return place;
        }
        return null;
    }

    private static SKTypeface Load()
    {
        using var font = typeof(RegionDrawing).Assembly.GetManifestResourceStream("overlay-font")!;
        return SKTypeface.FromStream(font) ?? throw new InvalidOperationException("The font for labels cannot be read.");
    }
}
