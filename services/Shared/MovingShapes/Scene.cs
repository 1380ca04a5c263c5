namespace DemoVlp.MovingShapes;

/// <summary>Edges of a box in pixels of the frame: a pixel column x lies between x and x + 1.</summary>
public readonly record struct Box(double Left, double Top, double Right, double Bottom)
{
    /// <summary>Whether two boxes share an area.</summary>
    public bool Overlaps(Box other) => Left < other.Right && other.Left < Right && Top < other.Bottom && other.Top < Bottom;
}

/// <summary>A colour as drawn.</summary>
public readonly record struct Rgb(byte R, byte G, byte B);

/// <summary>The backdrop: for a gradient from <paramref name="First"/> to <paramref name="Second"/> along an angle; for noise around <paramref name="First"/>.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="First">Colour.</param>
/// <param name="Second">Second colour of a gradient.</param>
/// <param name="Angle">Direction of a gradient, radians.</param>
/// <param name="Strength">Largest deviation of noise.</param>
/// <param name="Seed">Of the noise.</param>
public sealed record Background(BackgroundKind Kind, Rgb First, Rgb Second, double Angle, int Strength, ulong Seed);

/// <summary>
/// The way of an object's centre. Straight and resting objects go evenly from <paramref name="From"/> to <paramref name="To"/>; a circling one
/// goes round <paramref name="From"/>.
/// </summary>
/// <param name="From">Start, or the middle of the circle.</param>
/// <param name="To">End.</param>
/// <param name="Orbit">Radius of the circle; 0 if it does not circle.</param>
/// <param name="Phase">Angle at the start, radians.</param>
/// <param name="Sweep">Angle swept in the whole clip, radians; negative is anticlockwise.</param>
public sealed record Track(Point From, Point To, double Orbit = 0, double Phase = 0, double Sweep = 0)
{
    /// <summary>The centre in a frame.</summary>
    public Point At(int frame)
    {
        var t = frame / (Scene.FrameCount - 1.0);
        if (Orbit > 0) return new(From.X + Orbit * Math.Cos(Phase + Sweep * t), From.Y + Orbit * Math.Sin(Phase + Sweep * t));
        return new(From.X + (To.X - From.X) * t, From.Y + (To.Y - From.Y) * t);
    }
}

/// <summary>One object of a scene.</summary>
/// <param name="Traits">What words say about it.</param>
/// <param name="Radius">Of the circle around its outline, pixels.</param>
/// <param name="Rotation">Radians, clockwise.</param>
/// <param name="Paint">Its colour as drawn: near the one that its name stands for.</param>
/// <param name="Track">Where it is.</param>
public sealed record SceneObject(Traits Traits, double Radius, double Rotation, Rgb Paint, Track Track)
{
    /// <summary>Its outline in a frame.</summary>
    public Point[][] Outline(int frame) => MovingShapes.Outline.Of(Traits.Shape, Track.At(frame), Radius, Rotation);

    /// <summary>The box around the whole of it in a frame, hidden parts included.</summary>
    public Box Box(int frame)
    {
        var points = Outline(frame).SelectMany(p => p).ToArray();
        return new(points.Min(p => p.X), points.Min(p => p.Y), points.Max(p => p.X), points.Max(p => p.Y));
    }
}

/// <summary>A clip before it is drawn. Objects are drawn in order: a later one hides an earlier one.</summary>
/// <param name="Id">Unique within a split of a seed.</param>
/// <param name="Background">The backdrop.</param>
/// <param name="Objects">One to three. No two have both shape and colour in common.</param>
public sealed record Scene(string Id, Background Background, IReadOnlyList<SceneObject> Objects)
{
    /// <summary>Pixels.</summary>
    public const int Width = 320, Height = 240;

    /// <summary>Frames of a clip, and frames in a second: three seconds.</summary>
    public const int FrameCount = 24, FrameRate = 8;

    /// <summary>What the scene shows, whatever the order, the places and the background. Two splits never have a signature in common.</summary>
    public string Signature => SignatureOf(Objects.Select(o => o.Traits));

    /// <summary>The signature of a scene of objects with these traits.</summary>
    public static string SignatureOf(IEnumerable<Traits> objects) =>
        string.Join('+', objects.Select(t => $"{t.Size} {t.Color} {t.Shape} {t.Motion}").Order(StringComparer.Ordinal));

    /// <summary>The share of an object's area that no other object hides in a frame, 0 to 1.</summary>
    public double VisibleShare(int index, int frame)
    {
        const int samples = 20;
        var box = Objects[index].Box(frame);
        var above = Objects.Skip(index + 1).Where(o => o.Box(frame).Overlaps(box)).Select(o => o.Outline(frame)).ToArray();
        if (above.Length == 0) return 1;
        var outline = Objects[index].Outline(frame);
        int all = 0, visible = 0;
        for (var i = 0; i < samples * samples; i++)
        {
            var x = box.Left + (i % samples + 0.5) / samples * (box.Right - box.Left);
            var y = box.Top + (i / samples + 0.5) / samples * (box.Bottom - box.Top);
            if (!MovingShapes.Outline.Contains(outline, x, y)) continue;
            all++;
            if (!above.Any(o => MovingShapes.Outline.Contains(o, x, y))) visible++;
        }
        return (double)visible / all;
    }
}
