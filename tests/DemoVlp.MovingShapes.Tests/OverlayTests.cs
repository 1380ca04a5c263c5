using DemoVlp.Catalog.Regions;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Detection.Training;
using DemoVlp.MovingShapes.Cli;
using SkiaSharp;

namespace DemoVlp.MovingShapes.Tests;

/// <summary>What a user sees of a video's regions: those of the shipped detector, drawn on scenes that it has not seen and whose truth is known.</summary>
public sealed class OverlayTests
{
    private const int Frame = 12;

    [Fact]
    public void Overlay_OfAScene_ShowsEachObjectsBoxAndNamesItsShapeAndColour()
    {
        using var extractor = RegionExtractor.Load(ShippedDetectorTests.Shipped, "cpu");
        foreach (var scene in new MovingShapesSet(77).Scenes(Split.Test).Take(25))
        {
            var jpeg = Draw(scene);
            var found = Find(extractor, jpeg);
            using var plain = SKBitmap.Decode(RegionDrawing.Draw(jpeg, found, 0)!);
            using var overlay = SKBitmap.Decode(RegionDrawing.Draw(jpeg, found, OverlayPicture.Default)!);
            foreach (var (thing, traits) in SceneExamples.Objects(scene, Vocabulary.Standard, Frame).Zip(scene.Objects.Select(o => o.Traits)))
            {
                var rank = found.Regions.Take(OverlayPicture.Default).ToList().FindIndex(r => BoxMatching.Overlap([.. r.Box], thing.Edges) >= 0.5
                    && (r.Label, r.Attribute) == (Vocabulary.Name(traits.Shape), Vocabulary.Name(traits.Color)));
                Assert.True(rank >= 0, $"{scene.Id}: {traits} is not among the regions.");
                AssertDrawn(plain, overlay, found.Regions[rank].Box, rank, $"{scene.Id}: {traits}");
            }
        }
    }

    // The regions of a frame as the catalog has them, the most confident first.
    private static FrameRegionList Find(RegionExtractor extractor, byte[] jpeg)
    {
        using var picture = SKBitmap.Decode(jpeg, new SKImageInfo(Scene.Width, Scene.Height, SKColorType.Bgra8888, SKAlphaType.Opaque));
        return new(0, 0, Scene.Width, Scene.Height,
        [
            .. DetectedObject.Of(extractor.Extract([SceneExamples.Image(picture)], 1)[0])
                .Select(o => new Region(o.Box, extractor.Classes[o.ClassId], extractor.Attributes[o.AttributeId], o.Confidence))
                .Where(r => r.Confidence >= OverlayPicture.LeastConfidence).OrderByDescending(r => r.Confidence),
        ]);
    }

    private static byte[] Draw(Scene scene)
    {
        using var renderer = new SceneRenderer(scene);
        using var picture = renderer.Draw(Frame);
        using var jpeg = picture.Encode(SKEncodedImageFormat.Jpeg, 90);
        return jpeg.ToArray();
    }

    // Names and surer boxes may lie on a part of an outline, so not every pixel of it has to have its colour.
    private static void AssertDrawn(SKBitmap plain, SKBitmap overlay, IReadOnlyList<float> box, int rank, string what)
    {
        var outline = Pixels(box, (float)overlay.Width / Scene.Width, overlay).ToList();
        Assert.True(outline.Count(p => Distance(plain.GetPixel(p.X, p.Y), overlay.GetPixel(p.X, p.Y)) > 60) > 0.8 * outline.Count, $"{what}: its outline is not there.");
        byte Middle(Func<SKColor, byte> channel) => outline.Select(p => channel(overlay.GetPixel(p.X, p.Y))).Order().ElementAt(outline.Count / 2);
        var drawn = new SKColor(Middle(c => c.Red), Middle(c => c.Green), Middle(c => c.Blue));
        Assert.True(Enumerable.Range(0, OverlayPicture.Default).MinBy(r => Distance(drawn, RegionDrawing.ColorOf(r))) == rank, $"{what}: its outline is {drawn} instead of {RegionDrawing.ColorOf(rank)}.");
    }

    private static IEnumerable<SKPointI> Pixels(IReadOnlyList<float> box, float scale, SKBitmap within)
    {
        int X(float x) => Math.Clamp((int)(x * scale), 0, within.Width - 1);
        int Y(float y) => Math.Clamp((int)(y * scale), 0, within.Height - 1);
        for (var x = X(box[0]); x <= X(box[2]); x++)
        {
            yield return new(x, Y(box[1]));
            yield return new(x, Y(box[3]));
        }
        for (var y = Y(box[1]); y <= Y(box[3]); y++)
        {
            yield return new(X(box[0]), y);
            yield return new(X(box[2]), y);
        }
    }

    private static int Distance(SKColor a, SKColor b) => Math.Abs(a.Red - b.Red) + Math.Abs(a.Green - b.Green) + Math.Abs(a.Blue - b.Blue);
}
