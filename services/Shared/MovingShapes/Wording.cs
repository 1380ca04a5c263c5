namespace DemoVlp.MovingShapes;

/// <summary>The words of captions: for each value several that mean the same.</summary>
internal static class Wording
{
    /// <summary>One way to say what something does: "it <c>moves left</c>", "it, <c>moving left</c>".</summary>
    internal sealed record Verb(string Finite, string Gerund);

    internal static readonly IReadOnlyDictionary<ShapeKind, string[]> Shapes = new Dictionary<ShapeKind, string[]>
    {
        [ShapeKind.Circle] = ["circle", "circle", "disc", "dot"],
        [ShapeKind.Square] = ["square", "square", "box"],
        [ShapeKind.Triangle] = ["triangle"],
        [ShapeKind.Star] = ["star"],
        [ShapeKind.Cross] = ["cross", "cross", "plus sign"],
        [ShapeKind.Ring] = ["ring", "ring", "hoop"],
        [ShapeKind.Heart] = ["heart"],
        [ShapeKind.Hexagon] = ["hexagon"],
        [ShapeKind.Diamond] = ["diamond", "diamond", "rhombus"],
    };

    internal static readonly IReadOnlyDictionary<SizeName, string[]> Sizes = new Dictionary<SizeName, string[]>
    {
        [SizeName.Small] = ["small", "small", "little", "tiny"],
        [SizeName.Large] = ["large", "large", "big", "huge"],
    };

    internal static readonly IReadOnlyDictionary<MotionKind, Verb[]> Verbs = new Dictionary<MotionKind, Verb[]>
    {
        [MotionKind.Left] = Toward("left", "leftwards"),
        [MotionKind.Right] = Toward("right", "rightwards"),
        [MotionKind.Up] = [new("moves up", "moving up"), new("rises", "rising"), new("climbs", "climbing"), new("floats upwards", "floating upwards"), new("goes up", "going up")],
        [MotionKind.Down] = [new("moves down", "moving down"), new("falls", "falling"), new("sinks", "sinking"), new("drops downwards", "dropping downwards"), new("descends", "descending")],
        [MotionKind.Still] = [new("stays still", "staying still"), new("does not move", "not moving"), new("rests in place", "resting in place"), new("stands still", "standing still"), new("remains where it is", "remaining where it is")],
        [MotionKind.Circling] = [new("moves in a circular path", "moving in a circular path"), new("goes round and round", "going round and round"), new("keeps looping around", "looping around"), new("revolves around a point", "revolving around a point"), new("orbits", "orbiting")],
    };

    internal static readonly IReadOnlyDictionary<Relation, string[]> Relations = new Dictionary<Relation, string[]>
    {
        [Relation.Above] = ["above", "over", "higher than"],
        [Relation.Below] = ["below", "under", "lower than"],
        [Relation.LeftOf] = ["left of", "to the left of"],
        [Relation.RightOf] = ["right of", "to the right of"],
    };

    internal static readonly IReadOnlyDictionary<BackgroundKind, string[]> Backgrounds = new Dictionary<BackgroundKind, string[]>
    {
        [BackgroundKind.Plain] = ["a plain background", "a uniform background"],
        [BackgroundKind.Gradient] = ["a gradient background", "a shaded background"],
        [BackgroundKind.Noisy] = ["a noisy background", "a grainy background"],
    };

    internal static readonly string[] Numbers = ["zero", "one", "two", "three"];

    /// <summary>"a small red disc".</summary>
    internal static string A(Traits traits, bool size, SeededRandom random) => WithArticle($"{(size ? random.Pick(Sizes[traits.Size]) + " " : "")}{Colored(traits, random)}");

    /// <summary>"the small red disc".</summary>
    internal static string The(Traits traits, bool size, SeededRandom random) => $"the {(size ? random.Pick(Sizes[traits.Size]) + " " : "")}{Colored(traits, random)}";

    internal static string WithArticle(string words) => (words[0] is 'a' or 'e' or 'i' or 'o' or 'u' && !words.StartsWith("uni", StringComparison.Ordinal) ? "an " : "a ") + words;

    /// <summary>"moves left".</summary>
    internal static string Does(Traits traits, SeededRandom random) => random.Pick(Verbs[traits.Motion]).Finite;

    /// <summary>"moving left".</summary>
    internal static string Doing(Traits traits, SeededRandom random) => random.Pick(Verbs[traits.Motion]).Gerund;

    /// <summary>"x", "x and y", "x, y and z".</summary>
    internal static string Join(IReadOnlyList<string> parts, string last = " and ") =>
        parts.Count == 1 ? parts[0] : string.Join(", ", parts.Take(parts.Count - 1)) + last + parts[^1];

    private static string Colored(Traits traits, SeededRandom random) => $"{Vocabulary.Name(traits.Color)} {random.Pick(Shapes[traits.Shape])}";

    private static Verb[] Toward(string side, string way) =>
        [new($"moves {side}", $"moving {side}"), new($"slides to the {side}", $"sliding to the {side}"), new($"drifts {way}", $"drifting {way}"),
            new($"travels {side}", $"traveling {side}"), new($"heads to the {side}", $"heading to the {side}")];
}
