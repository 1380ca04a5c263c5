using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Detection.Training;
using SkiaSharp;

namespace DemoVlp.MovingShapes.Cli;

/// <summary>Frames of scenes for the detector, as they arrive in the system: through a lossy picture format.</summary>
internal static class SceneExamples
{
    private const int FramesPerScene = 4, LowestQuality = 50, HighestQuality = 96;
    private const double LeastVisible = 0.45;

    /// <summary>What is to be seen in a frame.</summary>
    internal static IReadOnlyList<LabelledBox> Objects(Scene scene, Vocabulary vocabulary, int frame)
    {
        var (shapes, colors) = (vocabulary.Shapes.ToList(), vocabulary.Colors.ToList());
        return
        [
            .. from thing in scene.Objects
               let box = thing.Box(frame)
               select new LabelledBox((float)box.Left, (float)box.Top, (float)box.Right, (float)box.Bottom, shapes.IndexOf(thing.Traits.Shape), colors.IndexOf(thing.Traits.Color)),
        ];
    }

    /// <summary>A picture's bytes as the network reads them.</summary>
    internal static FrameImage Image(SKBitmap picture)
    {
        var bgra = picture.GetPixelSpan();
        var bgr = new byte[bgra.Length / 4 * 3];
        for (int from = 0, to = 0; from < bgra.Length; from += 4, to += 3)
            (bgr[to], bgr[to + 1], bgr[to + 2]) = (bgra[from], bgra[from + 1], bgra[from + 2]);
        return new(0, 0, picture.Width, picture.Height, bgr);
    }

    /// <summary>Random frames of training scenes, without end, each through a JPEG of random quality. The same seed gives the same ones.</summary>
    internal static IEnumerable<DetectorExample> Training(ulong seed, Vocabulary vocabulary)
    {
        var random = new SeededRandom(seed, 0xDE);
        foreach (var pair in new MovingShapesSet(seed, vocabulary).Scenes(Split.Train).Chunk(2))
        {
            // The objects of two scenes in one: twice as much to learn from a picture.
            var scene = pair[0] with { Objects = [.. pair[0].Objects, .. pair[1].Objects] };
            using var renderer = new SceneRenderer(scene);
            for (var i = 0; i < FramesPerScene; i++)
            {
                var frame = random.Below(Scene.FrameCount);
                if (!CanBeSeen(scene, frame)) continue;
                using var picture = renderer.Draw(frame);
                using var jpeg = picture.Encode(SKEncodedImageFormat.Jpeg, (int)random.Between(LowestQuality, HighestQuality));
                using var seen = SKBitmap.Decode(jpeg, new SKImageInfo(Scene.Width, Scene.Height, SKColorType.Bgra8888, SKAlphaType.Opaque));
                yield return new(Image(seen), Objects(scene, vocabulary, frame));
            }
        }
    }

    private static bool CanBeSeen(Scene scene, int frame)
    {
        var boxes = scene.Objects.Select(o => o.Box(frame)).ToArray();
        for (var i = 0; i < boxes.Length; i++)
        {
            if (scene.VisibleShare(i, frame) < LeastVisible) return false;
            for (var j = 0; j < i; j++)
                if (boxes[i].Overlaps(boxes[j]) && scene.Objects[i].Traits.Color == scene.Objects[j].Traits.Color) return false;
        }
        return true;
    }
}
