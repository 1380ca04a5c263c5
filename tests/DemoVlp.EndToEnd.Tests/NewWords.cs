using DemoVlp.MovingShapes;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>Clips of moving shapes with words that no shipped model has met: a ninth shape, "diamond", and a ninth colour, "pink".</summary>
internal static class NewWords
{
    // None that anything shipped was trained on; even so it knows these words from nowhere.
    private const ulong Seed = 41;

    /// <summary>Clips that show something new.</summary>
    public static IEnumerable<Clip> Clips(Split split) => Clip.Of(Seed, Vocabulary.Extended, split).Where(clip => clip.Scene.Objects.Any(IsNew));

    /// <summary>The same scene with what is new replaced by what is known: a diamond by a square, pink by red. Nothing but the new words tells the two apart.</summary>
    public static Scene FamiliarTwin(Scene scene) => scene with { Objects = [.. scene.Objects.Select(Familiar)] };

    /// <summary>Descriptions of a twin.</summary>
    public static IReadOnlyList<string> CaptionsOfTwin(Clip clip) => Captions.Of(FamiliarTwin(clip.Scene), clip.Captions.Count, Seed);

    private static bool IsNew(SceneObject one) => one.Traits is { Shape: ShapeKind.Diamond } or { Color: ColorName.Pink };

    private static SceneObject Familiar(SceneObject one)
    {
        var traits = one.Traits;
        if (traits.Shape == ShapeKind.Diamond) traits = traits with { Shape = ShapeKind.Square };
        return traits.Color == ColorName.Pink ? one with { Traits = traits with { Color = ColorName.Red }, Paint = new Rgb(220, 35, 35) } : one with { Traits = traits };
    }
}
