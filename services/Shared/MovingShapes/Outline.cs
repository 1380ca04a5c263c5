namespace DemoVlp.MovingShapes;

/// <summary>A point in pixels of the frame; x to the right, y down.</summary>
public readonly record struct Point(double X, double Y);

/// <summary>The outlines of the shapes as closed polygons around the origin that fit into the circle of radius 1; y points down.</summary>
public static class Outline
{
    private const int RoundCorners = 64;

    private static readonly Dictionary<ShapeKind, Point[][]> Units = Enum.GetValues<ShapeKind>().ToDictionary(s => s, Make);

    /// <summary>The polygons of a shape, turned (radians, clockwise), scaled and moved. More than one are to be filled by the even-odd rule.</summary>
    public static Point[][] Of(ShapeKind shape, Point center, double radius, double rotation)
    {
        double cos = Math.Cos(rotation) * radius, sin = Math.Sin(rotation) * radius;
        return [.. Units[shape].Select(polygon => polygon.Select(p => new Point(center.X + p.X * cos - p.Y * sin, center.Y + p.X * sin + p.Y * cos)).ToArray())];
    }

    /// <summary>Whether a point lies inside (even-odd rule).</summary>
    public static bool Contains(Point[][] outline, double x, double y)
    {
        var inside = false;
        foreach (var polygon in outline)
            for (int i = 0, j = polygon.Length - 1; i < polygon.Length; j = i++)
            {
                var (a, b) = (polygon[i], polygon[j]);
                if (a.Y > y != b.Y > y && x < (b.X - a.X) * (y - a.Y) / (b.Y - a.Y) + a.X) inside = !inside;
            }
        return inside;
    }

    private static Point[][] Make(ShapeKind shape) => shape switch
    {
        ShapeKind.Circle => [Regular(RoundCorners, 0.94)],
        ShapeKind.Ring => [Regular(RoundCorners, 0.96), Regular(RoundCorners, 0.52)],
        ShapeKind.Square => [Regular(4, 1, Math.PI / 4)],
        ShapeKind.Triangle => [Regular(3, 1)],
        ShapeKind.Hexagon => [Regular(6, 1, Math.PI / 6)],
        ShapeKind.Star => [[.. Enumerable.Range(0, 10).Select(i => At(i * Math.PI / 5, i % 2 == 0 ? 1 : 0.42))]],
        ShapeKind.Cross => [Cross(0.3, 0.95)],
        ShapeKind.Heart => [Heart()],
        ShapeKind.Diamond => [[new(0, -1), new(0.62, 0), new(0, 1), new(-0.62, 0)]],
        _ => throw new ArgumentOutOfRangeException(nameof(shape)),
    };

    // The first corner is on top unless turned.
    private static Point At(double angle, double radius) => new(Math.Sin(angle) * radius, -Math.Cos(angle) * radius);

    private static Point[] Regular(int corners, double radius, double turned = 0) =>
        [.. Enumerable.Range(0, corners).Select(i => At(turned + i * 2 * Math.PI / corners, radius))];

    private static Point[] Cross(double arm, double reach) =>
    [
        new(-arm, -reach), new(arm, -reach), new(arm, -arm), new(reach, -arm), new(reach, arm), new(arm, arm),
        new(arm, reach), new(-arm, reach), new(-arm, arm), new(-reach, arm), new(-reach, -arm), new(-arm, -arm),
    ];

    // The well-known curve x = 16 sin³t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, brought into the unit circle.
    private static Point[] Heart() =>
    [
        .. Enumerable.Range(0, RoundCorners).Select(i => i * 2 * Math.PI / RoundCorners).Select(t => new Point(
            16 * Math.Pow(Math.Sin(t), 3) / 17.5,
            (-(13 * Math.Cos(t) - 5 * Math.Cos(2 * t) - 2 * Math.Cos(3 * t) - Math.Cos(4 * t)) - 2.5) / 17.5)),
    ];
}
