namespace DemoVlp.MovingShapes;

/// <summary>Draws scenes at random: first what they show, then where.</summary>
internal static class SceneSampler
{
    /// <summary>An object is never hidden more than this leaves of it, so that what words say of a clip can always be seen.</summary>
    private const double LeastVisible = 0.45;

    private const int Layouts = 100;
    private const double Margin = 3;

    /// <summary>The traits of one to three objects of which no two share shape and colour.</summary>
    internal static IReadOnlyList<Traits> Traits(Vocabulary vocabulary, SeededRandom random)
    {
        var count = random.Unit() switch { < 0.2 => 1, < 0.6 => 2, _ => 3 };
        while (true)
        {
            var objects = Enumerable.Range(0, count).Select(_ => new Traits(random.Pick(vocabulary.Shapes), random.Pick(vocabulary.Colors),
                random.Pick(Enum.GetValues<SizeName>()), random.Pick(Enum.GetValues<MotionKind>()))).ToArray();
            if (objects.DistinctBy(o => (o.Shape, o.Color)).Count() == count) return objects;
        }
    }

    /// <summary>A scene with these objects, or null if no layout was found in which all of them can be seen.</summary>
    internal static Scene? Place(string id, IReadOnlyList<Traits> traits, SeededRandom random)
    {
        var background = Background(random);
        // Left to chance, few scenes would have one object pass before another.
        var occluded = traits.Count > 1 && random.Chance(0.5);
        for (var attempt = 0; attempt < Layouts; attempt++)
        {
            var scene = new Scene(id, background, [.. traits.Select(t => Object(t, random))]);
            if (CanBeSeen(scene, out var leastShare) && (!occluded || leastShare < 0.9 || attempt > Layouts / 2)) return scene;
        }
        return null;
    }

    private static SceneObject Object(Traits traits, SeededRandom random)
    {
        var radius = traits.Size == SizeName.Small ? random.Between(18, 23) : random.Between(36, 44);
        var paint = Palette.Of(traits.Color);
        byte Near(byte value) => (byte)Math.Clamp(value + random.Between(-12, 12), 0, 255);
        return new(traits, radius, random.Between(-0.2, 0.2), new(Near(paint.R), Near(paint.G), Near(paint.B)), Track(traits.Motion, radius, random));
    }

    private static Track Track(MotionKind motion, double radius, SeededRandom random)
    {
        var border = radius + Margin;
        if (motion == MotionKind.Circling)
        {
            var orbit = random.Between(22, 34);
            var middle = Somewhere(border + orbit, random);
            return new(middle, middle, orbit, random.Between(0, 2 * Math.PI), random.Between(1.1, 1.6) * 2 * Math.PI * (random.Chance(0.5) ? 1 : -1));
        }
        var vertical = motion is MotionKind.Up or MotionKind.Down;
        var distance = motion == MotionKind.Still ? 0 : vertical ? random.Between(70, 120) : random.Between(80, 170);
        double low = border, high = (vertical ? Scene.Height : Scene.Width) - border;
        var start = random.Between(low, high - distance);
        var across = Somewhere(border, random);
        var (near, far) = vertical ? (new Point(across.X, start), new Point(across.X, start + distance)) : (new Point(start, across.Y), new Point(start + distance, across.Y));
        return motion is MotionKind.Left or MotionKind.Up ? new(far, near) : new(near, far);
    }

    private static Point Somewhere(double border, SeededRandom random) =>
        new(random.Between(border, Scene.Width - border), random.Between(border, Scene.Height - border));

    private static bool CanBeSeen(Scene scene, out double leastShare)
    {
        leastShare = 1;
        for (var frame = 0; frame < Scene.FrameCount; frame++)
        {
            var boxes = scene.Objects.Select(o => o.Box(frame)).ToArray();
            for (var i = 0; i < boxes.Length; i++)
                for (var j = i + 1; j < boxes.Length; j++)
                {
                    if (!boxes[i].Overlaps(boxes[j])) continue;
                    // Where one lies over the other in the same colour, there is no border to be seen.
                    if (scene.Objects[i].Traits.Color == scene.Objects[j].Traits.Color) return false;
                    leastShare = Math.Min(leastShare, scene.VisibleShare(i, frame));
                    if (leastShare < LeastVisible) return false;
                }
        }
        return true;
    }

    private static Background Background(SeededRandom random) =>
        new(random.Pick(Enum.GetValues<BackgroundKind>()), Palette.Backdrop(random), Palette.Backdrop(random), random.Between(0, 2 * Math.PI), (int)random.Between(8, 26), random.Bits());
}
