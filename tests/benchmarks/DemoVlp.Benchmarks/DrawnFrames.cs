using DemoVlp.Modeling.Detection;
using DemoVlp.MovingShapes;

namespace DemoVlp.Benchmarks;

/// <summary>Frames of Moving Shapes as a detector takes them, straight from the renderer.</summary>
internal static class DrawnFrames
{
    /// <summary>So many frames of a scene, the middle of equal parts each.</summary>
    internal static IEnumerable<FrameImage> Of(Scene scene, int count)
    {
        using var renderer = new SceneRenderer(scene);
        for (var i = 0; i < count; i++)
        {
            var frame = (2 * i + 1) * Scene.FrameCount / (2 * count);
            var bytes = renderer.Rgb(frame);
            for (var p = 0; p < bytes.Length; p += 3) (bytes[p], bytes[p + 2]) = (bytes[p + 2], bytes[p]);
            yield return new FrameImage(i, (double)frame / Scene.FrameRate, Scene.Width, Scene.Height, bytes);
        }
    }
}
