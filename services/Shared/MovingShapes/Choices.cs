namespace DemoVlp.MovingShapes;

/// <summary>Five descriptions of a clip of which one is right.</summary>
/// <param name="Options">The right one and four near misses, which differ from it in one trait of one object each.</param>
/// <param name="Answer">Position of the right one, from 0.</param>
public sealed record Choice(IReadOnlyList<string> Options, int Answer)
{
    /// <summary>For each option the trait that was changed: <c>shape</c>, <c>color</c>, <c>size</c> or <c>motion</c>; null for the right one.</summary>
    public required IReadOnlyList<string?> Changed { get; init; }
}

/// <summary>Makes multiple choice out of a scene.</summary>
public static class Choices
{
    private static readonly string[] ChangedTraits = ["shape", "color", "size", "motion"];

    /// <summary>Near misses in shape, colour, size and motion, one of each. The same seed gives the same choice.</summary>
    public static Choice Of(Scene scene, Vocabulary vocabulary, ulong seed)
    {
        var random = new SeededRandom(seed, 0xC0);
        var truth = random.Shuffle(scene.Objects.Select(o => o.Traits));
        // In the order of ChangedTraits.
        Func<Traits, Traits>[] changes =
        [
            t => t with { Shape = Other(vocabulary.Shapes, t.Shape, random) },
            t => t with { Color = Other(vocabulary.Colors, t.Color, random) },
            t => t with { Size = Other(Enum.GetValues<SizeName>(), t.Size, random) },
            t => t with { Motion = Other(Enum.GetValues<MotionKind>(), t.Motion, random) },
        ];
        var misses = changes.Select(change => Miss(truth, change, random)).ToArray();
        // One choice of words for all five.
        var words = random.Copy();
        var options = random.Shuffle(misses.Prepend(truth).Select((objects, i) => (Text: Captions.Whole(objects, words.Copy()), Changed: i == 0 ? null : ChangedTraits[i - 1])));
        return new([.. options.Select(o => o.Text)], options.FindIndex(o => o.Changed is null)) { Changed = [.. options.Select(o => o.Changed)] };
    }

    private static List<Traits> Miss(List<Traits> truth, Func<Traits, Traits> change, SeededRandom random)
    {
        while (true)
        {
            var at = random.Below(truth.Count);
            var changed = change(truth[at]);
            // Not something that is there too.
            if (truth.Contains(changed)) continue;
            return [.. truth.Select((t, i) => i == at ? changed : t)];
        }
    }

    private static T Other<T>(IReadOnlyList<T> all, T one, SeededRandom random) => random.Pick([.. all.Where(v => !v!.Equals(one))]);
}
