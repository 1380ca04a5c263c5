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

    /// <summary>
    /// Choices with near misses in shape, colour, size and motion, one of each. The same seed gives the same ones, and more of them are a continuation of fewer.
    /// </summary>
    /// <remarks>Every second one takes, where it can, the wrong trait from another object of the scene: it cannot be refuted by what is seen somewhere in the clip.</remarks>
    public static IReadOnlyList<Choice> Of(Scene scene, int count, Vocabulary vocabulary, ulong seed) =>
        [.. Enumerable.Range(0, count).Select(i => One(scene, vocabulary, borrow: i % 2 == 1, i == 0 ? new SeededRandom(seed, 0xC0) : new SeededRandom(seed, 0xC0, (ulong)i)))];

    private static Choice One(Scene scene, Vocabulary vocabulary, bool borrow, SeededRandom random)
    {
        var truth = random.Shuffle(scene.Objects.Select(o => o.Traits));
        // In the order of ChangedTraits.
        List<Traits>[] misses =
        [
            Miss(vocabulary.Shapes, t => t.Shape, (t, shape) => t with { Shape = shape }),
            Miss(vocabulary.Colors, t => t.Color, (t, color) => t with { Color = color }),
            Miss(Enum.GetValues<SizeName>(), t => t.Size, (t, size) => t with { Size = size }),
            Miss(Enum.GetValues<MotionKind>(), t => t.Motion, (t, motion) => t with { Motion = motion }),
        ];
        // One choice of words for all five.
        var words = random.Copy();
        var options = random.Shuffle(misses.Prepend(truth).Select((objects, i) => (Text: Captions.Whole(objects, words.Copy()), Changed: i == 0 ? null : ChangedTraits[i - 1])));
        return new([.. options.Select(o => o.Text)], options.FindIndex(o => o.Changed is null)) { Changed = [.. options.Select(o => o.Changed)] };

        List<Traits> Miss<T>(IReadOnlyList<T> values, Func<Traits, T> trait, Func<Traits, T, Traits> change) where T : struct, Enum
        {
            while (true)
            {
                var at = random.Below(truth.Count);
                var wrong = values.Where(v => !v.Equals(trait(truth[at]))).ToArray();
                // Not something that is there too.
                T[] borrowed = borrow ? [.. wrong.Where(v => truth.Exists(t => trait(t).Equals(v)) && !truth.Contains(change(truth[at], v)))] : [];
                var changed = change(truth[at], random.Pick(borrowed.Length > 0 ? borrowed : wrong));
                if (truth.Contains(changed)) continue;
                return [.. truth.Select((t, i) => i == at ? changed : t)];
            }
        }
    }
}
