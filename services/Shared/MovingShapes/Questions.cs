namespace DemoVlp.MovingShapes;

/// <summary>A question about a clip and its answer.</summary>
/// <param name="Kind">What it asks for: <c>what</c>, <c>color</c>, <c>number</c>, <c>where</c> or <c>how</c>.</param>
/// <param name="Text">The question.</param>
/// <param name="Answer">One word.</param>
public sealed record Question(string Kind, string Text, string Answer);

/// <summary>Asks what can be answered from a scene without doubt.</summary>
public static class Questions
{
    private static readonly string[] Motions = ["left", "right", "up", "down", "still", "circling"];

    /// <summary>At most <paramref name="perKind"/> questions of each kind. The same seed gives the same ones.</summary>
    public static IReadOnlyList<Question> Of(Scene scene, int perKind, ulong seed)
    {
        var random = new SeededRandom(seed, 0x0A);
        var all = All(scene, random).DistinctBy(q => q.Text).ToList();
        return [.. all.GroupBy(q => q.Kind).SelectMany(kind => random.Shuffle(kind).Take(perKind))];
    }

    /// <summary>All answers that questions about scenes of a vocabulary can have.</summary>
    public static IReadOnlyList<string> Answers(Vocabulary vocabulary) =>
        [.. vocabulary.ShapeNames, .. vocabulary.ColorNames, .. Wording.Numbers, .. Motions, "above", "below", "small", "large"];

    private static IEnumerable<Question> All(Scene scene, SeededRandom random)
    {
        var traits = scene.Objects.Select(o => o.Traits).ToArray();
        foreach (var one in traits)
        {
            foreach (var name in Names(one, traits, Asked.Shape)) yield return new("what", $"what {random.Pick(["shape", "kind of shape"])} is {name}?", Vocabulary.Name(one.Shape));
            if (traits.Count(t => t.Motion == one.Motion) == 1)
                yield return new("what", $"what {Wording.Does(one, random)}?", Vocabulary.Name(one.Shape));
            foreach (var name in Names(one, traits, Asked.Color)) yield return new("color", $"what {random.Pick(["color is", "is the color of"])} {name}?", Vocabulary.Name(one.Color));
            foreach (var name in Names(one, traits, Asked.Motion))
            {
                if (one.Motion <= MotionKind.Down) yield return new("where", $"where {random.Pick([$"does {name} move", $"is {name} moving", $"does {name} go"])}?", Vocabulary.Name(one.Motion));
                yield return new("how", $"how does {name} {random.Pick(["move", "behave"])}?", Vocabulary.Name(one.Motion));
            }
            foreach (var name in Names(one, traits, Asked.Size)) yield return new("how", $"how {random.Pick(["big", "large"])} is {name}?", Vocabulary.Name(one.Size));
        }
        foreach (var question in Related(scene, traits)) yield return question;
        foreach (var question in Counts(traits, random)) yield return question;
    }

    private static IEnumerable<Question> Related(Scene scene, Traits[] traits)
    {
        foreach (var (i, relation, j) in Relations.Of(scene))
        {
            // Nothing may be said along the other axis, at any time: "where" must have one answer.
            if (Enum.GetValues<Relation>().Any(other => other != relation && Relations.EverClear(scene.Objects[i], other, scene.Objects[j]))) continue;
            var answer = relation switch { Relation.Above => "above", Relation.Below => "below", Relation.LeftOf => "left", _ => "right" };
            foreach (var name in Names(traits[i], traits, Asked.Nothing))
                foreach (var other in Names(traits[j], traits, Asked.Nothing))
                    yield return new("where", $"where is {name} relative to {other}?", answer);
        }
        foreach (var (i, relation, j) in Relations.Of(scene))
        {
            if (scene.Objects.Where((_, k) => k != i && k != j).Any(other => Relations.EverHolds(other, relation, scene.Objects[j]))) continue;
            foreach (var other in Names(traits[j], traits, Asked.Nothing))
                yield return new("what", $"what is {Wording.Relations[relation][0]} {other}?", Vocabulary.Name(traits[i].Shape));
        }
    }

    private static IEnumerable<Question> Counts(Traits[] traits, SeededRandom random)
    {
        Question Count(string what, Func<Traits, bool> which) => new("number", $"how many {what}?", Wording.Numbers[traits.Count(which)]);
        yield return Count(random.Pick(["objects are there", "shapes are in the video", "shapes can be seen"]), _ => true);
        yield return Count($"objects {random.Pick(["move", "are moving"])}", t => t.Motion != MotionKind.Still);
        yield return Count($"{random.Pick(["objects stay", "shapes stand"])} still", t => t.Motion == MotionKind.Still);
        foreach (var size in Enum.GetValues<SizeName>()) yield return Count($"{Vocabulary.Name(size)} objects are there", t => t.Size == size);
        foreach (var color in traits.Select(t => t.Color).Distinct()) yield return Count($"{Vocabulary.Name(color)} shapes are there", t => t.Color == color);
        foreach (var shape in traits.Select(t => t.Shape).Distinct()) yield return Count($"{Plural(shape)} are there", t => t.Shape == shape);
    }

    private enum Asked { Nothing, Shape, Color, Size, Motion }

    // Ways to point at one object alone without giving away what is asked.
    private static IEnumerable<string> Names(Traits one, Traits[] all, Asked asked)
    {
        bool Alone(Func<Traits, object> by) => all.Count(t => by(t).Equals(by(one))) == 1;
        var (shape, color, size) = (Vocabulary.Name(one.Shape), Vocabulary.Name(one.Color), Vocabulary.Name(one.Size));
        if (asked is not Asked.Shape && Alone(t => t.Shape)) yield return $"the {shape}";
        if (asked is not Asked.Color && Alone(t => t.Color)) yield return $"the {color} object";
        if (asked is not (Asked.Shape or Asked.Color)) yield return $"the {color} {shape}";
        if (asked is not Asked.Size && Alone(t => t.Size)) yield return $"the {size} object";
        if (asked is not (Asked.Size or Asked.Shape) && Alone(t => (t.Size, t.Shape))) yield return $"the {size} {shape}";
        if (asked is not Asked.Motion and not Asked.Nothing && Alone(t => t.Motion)) yield return $"the object that {Wording.Verbs[one.Motion][0].Finite}";
    }

    private static string Plural(ShapeKind shape) => Vocabulary.Name(shape) + (shape == ShapeKind.Cross ? "es" : "s");
}
