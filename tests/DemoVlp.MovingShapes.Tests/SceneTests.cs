using SkiaSharp;

namespace DemoVlp.MovingShapes.Tests;

public sealed class SceneTests
{
    [Fact]
    public void Scenes_WhenTheSeedIsTheSame_AreTheSameToThePixel()
    {
        var (first, again) = (Scenes(7, Split.Train, 12), Scenes(7, Split.Train, 12));

        foreach (var (a, b) in first.Zip(again))
        {
            Assert.Equal((a.Id, a.Signature, a.Background), (b.Id, b.Signature, b.Background));
            Assert.Equal(a.Objects, b.Objects);
            using SceneRenderer one = new(a), other = new(b);
            Assert.Equal(one.Rgb(11), other.Rgb(11));
        }
        Assert.NotEqual(first.Select(s => s.Signature), Scenes(8, Split.Train, 12).Select(s => s.Signature));
    }

    [Fact]
    public void Scenes_WhenMoreAreTaken_ContinueTheSame() =>
        Assert.Equal(Scenes(7, Split.Val, 3).Select(s => s.Signature), Scenes(7, Split.Val, 9).Take(3).Select(s => s.Signature));

    [Fact]
    public void Splits_WhateverTheirSeeds_HaveNoSceneInCommonAndNoneTwice()
    {
        var train = Scenes(1, Split.Train, 600).Select(s => s.Signature).ToHashSet();
        var val = Scenes(2, Split.Val, 200).Select(s => s.Signature).ToHashSet();
        var test = Scenes(3, Split.Test, 200).Select(s => s.Signature).ToHashSet();

        Assert.Equal((600, 200, 200), (train.Count, val.Count, test.Count));
        Assert.Equal(1000, train.Union(val).Union(test).Count());
    }

    [Fact]
    public void Scenes_TakenTogether_ShowEverythingThereIs()
    {
        var scenes = Scenes(1, Split.Train, 150);
        var traits = scenes.SelectMany(s => s.Objects).Select(o => o.Traits).ToArray();

        Assert.Equal(Vocabulary.Standard.Shapes, traits.Select(t => t.Shape).Distinct().Order());
        Assert.Equal(Vocabulary.Standard.Colors, traits.Select(t => t.Color).Distinct().Order());
        Assert.Equal(Enum.GetValues<SizeName>(), traits.Select(t => t.Size).Distinct().Order());
        Assert.Equal(Enum.GetValues<MotionKind>(), traits.Select(t => t.Motion).Distinct().Order());
        Assert.Equal(Enum.GetValues<BackgroundKind>(), scenes.Select(s => s.Background.Kind).Distinct().Order());
        Assert.Equal([1, 2, 3], scenes.Select(s => s.Objects.Count).Distinct().Order());
        Assert.InRange(scenes.Count(s => Shares(s).Any(share => share < 0.9)), 20, 120); // One hides a part of another.
        Assert.All(scenes.SelectMany(Shares), share => Assert.InRange(share, 0.45, 1)); // But never all.
    }

    [Fact]
    public void ExtendedVocabulary_AddsAShapeAndAColor()
    {
        var traits = new MovingShapesSet(1, Vocabulary.Extended).Scenes(Split.Train).Take(100).SelectMany(s => s.Objects).Select(o => o.Traits).ToArray();

        Assert.Contains(traits, t => t.Shape == ShapeKind.Diamond);
        Assert.Contains(traits, t => t.Color == ColorName.Pink);
    }

    [Fact]
    public void Objects_MoveAsTheirMotionSays()
    {
        foreach (var thing in Scenes(4, Split.Train, 60).SelectMany(s => s.Objects))
        {
            var points = Enumerable.Range(0, Scene.FrameCount).Select(thing.Track.At).ToArray();
            var (dx, dy) = (points[^1].X - points[0].X, points[^1].Y - points[0].Y);
            switch (thing.Traits.Motion)
            {
                case MotionKind.Left: Assert.True(dx < -60 && dy == 0); break;
                case MotionKind.Right: Assert.True(dx > 60 && dy == 0); break;
                case MotionKind.Up: Assert.True(dy < -60 && dx == 0); break;
                case MotionKind.Down: Assert.True(dy > 60 && dx == 0); break;
                case MotionKind.Still: Assert.True(dx == 0 && dy == 0); break;
                default: // A whole round: it is left of its middle as often as right of it.
                    Assert.True(points.Max(p => p.X) - points.Min(p => p.X) > 40 && points.Max(p => p.Y) - points.Min(p => p.Y) > 40);
                    break;
            }
        }
    }

    [Theory]
    [InlineData(ShapeKind.Circle)]
    [InlineData(ShapeKind.Square)]
    [InlineData(ShapeKind.Triangle)]
    [InlineData(ShapeKind.Star)]
    [InlineData(ShapeKind.Cross)]
    [InlineData(ShapeKind.Ring)]
    [InlineData(ShapeKind.Heart)]
    [InlineData(ShapeKind.Hexagon)]
    [InlineData(ShapeKind.Diamond)]
    public void Box_IsWhereThePixelsAre(ShapeKind shape)
    {
        var black = new Rgb(0, 0, 0);
        var thing = new SceneObject(new(shape, ColorName.White, SizeName.Large, MotionKind.Right), 37.3, 0.13, new(255, 255, 255), new(new(80.4, 90.2), new(200, 90.2)));
        var scene = new Scene("one", new(BackgroundKind.Plain, black, black, 0, 0, 0), [thing]);
        using var renderer = new SceneRenderer(scene);

        foreach (var frame in new[] { 0, 13, 23 })
        {
            using var picture = renderer.Draw(frame);
            var box = thing.Box(frame);
            var drawn = (from y in Enumerable.Range(0, Scene.Height) from x in Enumerable.Range(0, Scene.Width) where picture.GetPixel(x, y) != SKColors.Black select (x, y)).ToArray();
            // A pixel at the very corner of a shape may be covered too little to be drawn.
            Assert.InRange(box.Left, drawn.Min(p => p.x) - 1.0, drawn.Min(p => p.x) + 1.0);
            Assert.InRange(box.Top, drawn.Min(p => p.y) - 1.0, drawn.Min(p => p.y) + 1.0);
            Assert.InRange(box.Right, drawn.Max(p => p.x), drawn.Max(p => p.x) + 2.0);
            Assert.InRange(box.Bottom, drawn.Max(p => p.y), drawn.Max(p => p.y) + 2.0);
        }
    }

    [Fact]
    public void VisibleShare_WhenHalfIsCovered_IsAHalf()
    {
        SceneObject Square(double x, ColorName color) => new(new(ShapeKind.Square, color, SizeName.Large, MotionKind.Still), 40, 0, new(9, 9, 9), new(new(x, 120), new(x, 120)));
        var side = 40 * Math.Sqrt(2);
        var scene = new Scene("two", new(BackgroundKind.Plain, default, default, 0, 0, 0), [Square(100, ColorName.Red), Square(100 + side / 2, ColorName.Blue)]);

        Assert.Equal(0.5, scene.VisibleShare(0, 0), 2);
        Assert.Equal(1, scene.VisibleShare(1, 0));
    }

    private static Scene[] Scenes(ulong seed, Split split, int count) => [.. new MovingShapesSet(seed).Scenes(split).Take(count)];

    private static IEnumerable<double> Shares(Scene scene) =>
        scene.Objects.SelectMany((_, i) => new[] { 0, 4, 8, 12, 16, 20, 23 }.Select(frame => scene.VisibleShare(i, frame)));
}
