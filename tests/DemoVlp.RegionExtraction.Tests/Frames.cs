using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using SkiaSharp;

namespace DemoVlp.RegionExtraction.Tests;

/// <summary>Frames as FrameSampling leaves them in the store.</summary>
internal static class Frames
{
    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A ground with a rectangle in the middle, as JPEG.</summary>
    public static byte[] Draw(int width, int height, SKColor ground, SKColor rectangle)
    {
        using var bitmap = new SKBitmap(width, height);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { Color = rectangle };
        canvas.Clear(ground);
        canvas.DrawRect(width / 4f, height / 4f, width / 2f, height / 2f, paint);
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 95);
        return data.ToArray();
    }

    /// <summary>Puts JPEGs of one size into the store, a second apart, and returns the event that would announce them.</summary>
    public static async Task<FramesSampled> StoreAsync(IArtifactStore store, int width, int height, params byte[][] jpegs)
    {
        var id = Guid.NewGuid();
        var frames = new List<SampledFrame>();
        foreach (var jpeg in jpegs)
        {
            var image = await store.WriteAsync(
                $"{VideoArtifacts.Frames(id)}/{frames.Count}.jpg", "image/jpeg", (stream, token) => stream.WriteAsync(jpeg, token).AsTask(), Token);
            frames.Add(new(frames.Count, frames.Count + 0.5, width, height, image));
        }
        return new() { VideoId = id, DurationSeconds = jpegs.Length, Width = width, Height = height, Frames = frames };
    }
}
