using System.Text.RegularExpressions;

namespace DemoVlp.MovingShapes.Tests;

/// <summary>What a sentence says of one object; null where it says nothing.</summary>
internal sealed record Mention(ShapeKind? Shape, ColorName? Color, SizeName? Size, MotionKind? Motion)
{
    public bool Fits(Traits t) => (Shape ?? t.Shape, Color ?? t.Color, Size ?? t.Size, Motion ?? t.Motion) == (t.Shape, t.Color, t.Size, t.Motion);
}

/// <summary>Reads captions back without knowing the grammar: words of its own list, in order of appearance.</summary>
internal static partial class Reading
{
    private static readonly (string Pattern, MotionKind Motion)[] Motions =
    [
        (@"(mov|slid|drift|travel|head)\w+ (to the )?left(wards)?", MotionKind.Left), (@"(mov|slid|drift|travel|head)\w+ (to the )?right(wards)?", MotionKind.Right),
        (@"(mov|go)\w+ up\b|ris(es|ing)|climb\w+|float\w+ upwards", MotionKind.Up), (@"mov\w+ down\b|fall\w+|sink\w+|dropp?\w+ downwards|descend\w+", MotionKind.Down),
        (@"stay\w+ still|does not move|not moving|rest\w+ in place|stand\w+ still|remain\w+ where it is", MotionKind.Still),
        (@"mov\w+ in a circular path|go\w+ round and round|loop\w+ around|revolv\w+ around a point|orbit\w+", MotionKind.Circling),
    ];

    private static readonly Dictionary<string, ShapeKind> Shapes = new()
    {
        ["circle"] = ShapeKind.Circle, ["disc"] = ShapeKind.Circle, ["dot"] = ShapeKind.Circle, ["square"] = ShapeKind.Square, ["box"] = ShapeKind.Square,
        ["triangle"] = ShapeKind.Triangle, ["star"] = ShapeKind.Star, ["cross"] = ShapeKind.Cross, ["plus sign"] = ShapeKind.Cross, ["ring"] = ShapeKind.Ring,
        ["hoop"] = ShapeKind.Ring, ["heart"] = ShapeKind.Heart, ["hexagon"] = ShapeKind.Hexagon,
    };

    /// <summary>The objects of a sentence, each with the motion that stands nearest after it (or before the first, if the sentence begins with one).</summary>
    public static IReadOnlyList<Mention> Mentions(string caption)
    {
        var things = Thing().Matches(caption).ToArray();
        var motions = Motions.SelectMany(m => Regex.Matches(caption, m.Pattern).Select(found => (found.Index, m.Motion))).ToArray();
        return [.. things.Select((thing, i) =>
        {
            var end = i + 1 < things.Length ? things[i + 1].Index : int.MaxValue;
            var after = motions.Where(m => m.Index > thing.Index && m.Index < end).Select(m => (MotionKind?)m.Motion).FirstOrDefault();
            var before = i == 0 ? motions.Where(m => m.Index < thing.Index).Select(m => (MotionKind?)m.Motion).FirstOrDefault() : null;
            return new Mention(Shapes[thing.Groups["shape"].Value], Enum.Parse<ColorName>(thing.Groups["color"].Value, ignoreCase: true),
                thing.Groups["size"].Value switch { "" => null, "small" or "little" or "tiny" => SizeName.Small, _ => SizeName.Large }, after ?? before);
        })];
    }

    /// <summary>What a sentence says about where one is relative to the other.</summary>
    public static Relation? RelationOf(string caption) => RelationWords().Match(caption).Groups[1].Value switch
    {
        "above" or "over" or "higher than" => Relation.Above,
        "below" or "under" or "lower than" => Relation.Below,
        "left of" => Relation.LeftOf,
        "right of" => Relation.RightOf,
        _ => null,
    };

    /// <summary>"below the star, a ring rises" puts the second first.</summary>
    public static bool BeginsWithRelation(string caption) => RelationWords().Match(caption).Index is 0 || caption.StartsWith("to the ", StringComparison.Ordinal);

    [GeneratedRegex(@"\b(?:(?<size>small|little|tiny|large|big|huge) )?(?<color>red|green|blue|yellow|purple|orange|cyan|white) (?<shape>circle|disc|dot|square|box|triangle|star|cross|plus sign|ring|hoop|heart|hexagon)\b")]
    private static partial Regex Thing();

    [GeneratedRegex(@"\b(above|over|higher than|below|under|lower than|left of|right of)\b")]
    private static partial Regex RelationWords();
}
