using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Detection.Training;
using DemoVlp.MovingShapes.Cli;
using DemoVlp.Testing;
using SkiaSharp;

namespace DemoVlp.MovingShapes.Tests;

public sealed class ShippedDetectorTests
{
    internal static string Shipped => Path.Combine(RepositoryRoot.Find(), "services", "RegionExtraction", "BuiltIn", "moving-shapes-2");

    [Fact]
    public void ShippedDetector_OnScenesItHasNotSeen_FindsAndNamesTheShapes()
    {
        using var extractor = RegionExtractor.Load(Shipped, "cpu");
        Assert.Equal(Vocabulary.Standard.ShapeNames, extractor.Classes);
        Assert.Equal(Vocabulary.Standard.ColorNames, extractor.Attributes);
        DetectionEvaluation found = new(8), regions = new(8);

        foreach (var scene in new MovingShapesSet(77).Scenes(Split.Test).Take(25))
        {
            using var renderer = new SceneRenderer(scene);
            using var picture = renderer.Draw(12);
            using var jpeg = picture.Encode(SKEncodedImageFormat.Jpeg, 90);
            using var seen = SKBitmap.Decode(jpeg, new SKImageInfo(Scene.Width, Scene.Height, SKColorType.Bgra8888, SKAlphaType.Opaque));
            var (image, truth) = (SceneExamples.Image(seen), SceneExamples.Objects(scene, Vocabulary.Standard, 12));
            found.Add(extractor.Detect(image), truth);
            regions.Add(DetectedObject.Of(extractor.Extract([image], 1)[0]), truth);
        }

        Assert.InRange(found.Figures().MeanAveragePrecision, 0.9, 1);
        Assert.InRange(found.Figures().ClassAccuracy, 0.95, 1);
        Assert.InRange(found.Figures().AttributeAccuracy, 0.95, 1);
        // What the video-language models read knows the same.
        Assert.InRange(regions.Figures().Recall, 0.95, 1);
        Assert.InRange(regions.Figures().ClassAccuracy, 0.85, 1);
        Assert.InRange(regions.Figures().AttributeAccuracy, 0.9, 1);
    }
}
