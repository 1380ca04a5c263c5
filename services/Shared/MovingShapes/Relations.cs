namespace DemoVlp.MovingShapes;

/// <summary>Where one object is, seen from another, during the whole clip.</summary>
public enum Relation { Above, Below, LeftOf, RightOf }

/// <summary>Finds what holds between the objects of a scene.</summary>
public static class Relations
{
    // Pixels between the centres: nobody argues about less.
    private const double Clear = 30;

    /// <summary>Every (first, relation, second) that holds in all frames, as indices of objects.</summary>
    public static IReadOnlyList<(int First, Relation Relation, int Second)> Of(Scene scene) =>
    [
        .. from first in Enumerable.Range(0, scene.Objects.Count)
           from second in Enumerable.Range(0, scene.Objects.Count)
           where first != second
           from relation in Enum.GetValues<Relation>()
           where Holds(scene.Objects[first], relation, scene.Objects[second])
           select (first, relation, second),
    ];

    /// <summary>Whether it holds, or nearly so, at any time: what must be false of all others where one alone is meant.</summary>
    internal static bool EverHolds(SceneObject first, Relation relation, SceneObject second) =>
        Enumerable.Range(0, Scene.FrameCount).Any(frame => Lead(first, relation, second, frame) > 0);

    /// <summary>Whether it can be said to hold at any time: what must be false of all other relations where there is one answer to where the first is.</summary>
    internal static bool EverClear(SceneObject first, Relation relation, SceneObject second) =>
        Enumerable.Range(0, Scene.FrameCount).Any(frame => Lead(first, relation, second, frame) > Clear);

    private static bool Holds(SceneObject first, Relation relation, SceneObject second) =>
        Enumerable.Range(0, Scene.FrameCount).All(frame => Lead(first, relation, second, frame) > Clear);

    // By how many pixels the first is more above (below, ...) than the second.
    private static double Lead(SceneObject first, Relation relation, SceneObject second, int frame)
    {
        var (a, b) = (first.Track.At(frame), second.Track.At(frame));
        return relation switch
        {
            Relation.Above => b.Y - a.Y,
            Relation.Below => a.Y - b.Y,
            Relation.LeftOf => b.X - a.X,
            _ => a.X - b.X,
        };
    }
}
