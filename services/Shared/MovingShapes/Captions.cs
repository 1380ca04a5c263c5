namespace DemoVlp.MovingShapes;

/// <summary>Sentences about a scene, every one of them true of it, from a small grammar.</summary>
public static class Captions
{
    private const int Attempts = 200;

    private static readonly string[] Openers =
        ["a video of", "this clip shows", "we see", "an animation of", "in the scene there is", "the camera shows", "here is"];

    private static readonly string[] Joiners = [" and ", " while ", ", and ", " as ", ", whereas "];

    /// <summary>Different captions of a scene; the first two name every object with all it is and does. The same seed gives the same words.</summary>
    /// <param name="scene">What is described.</param>
    /// <param name="count">At least two.</param>
    /// <param name="seed">Of the choice of words.</param>
    public static IReadOnlyList<string> Of(Scene scene, int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        var random = new SeededRandom(seed, 0xCA);
        var captions = new List<string>();
        for (var attempt = 0; attempt < Attempts && captions.Count < count; attempt++)
        {
            var caption = captions.Count < 2 ? Whole(Order(scene, random), random) : Any(scene, random);
            if (!captions.Contains(caption)) captions.Add(caption);
        }
        return captions;
    }

    /// <summary>A sentence about all objects in their order, with size, colour, shape and motion of each.</summary>
    internal static string Whole(IReadOnlyList<Traits> objects, SeededRandom random)
    {
        string Doing(Traits o) => $"{Wording.A(o, size: true, random)} {Wording.Doing(o, random)}";
        string Does(Traits o) => $"{Wording.A(o, size: true, random)} {Wording.Does(o, random)}";
        switch (random.Below(5))
        {
            case 0:
                return Wording.Join([.. objects.Select(Does)], random.Pick(Joiners));
            case 1:
                return $"{random.Pick(Openers)} {Wording.Join([.. objects.Select(Doing)])}";
            case 2:
                return Wording.Join([.. objects.Select(o => $"{Wording.A(o, size: true, random)} that {Wording.Does(o, random)}")], random.Pick([" next to ", " together with ", " and "]));
            case 3 when objects.Count > 1:
                return $"while {Does(objects[0])}, {Wording.Join([.. objects.Skip(1).Select(Does)])}";
            case 3:
                return $"{Wording.Doing(objects[0], random)}, {Wording.A(objects[0], size: true, random)} is alone in the picture";
            default:
                return $"there {(objects.Count > 1 ? $"are {Wording.Numbers[objects.Count]} shapes" : "is one shape")}: {Wording.Join([.. objects.Select(Doing)])}";
        }
    }

    private static string Any(Scene scene, SeededRandom random) => random.Below(6) switch
    {
        0 => OnBackground(scene, random),
        1 => Related(scene, random),
        2 => Counted(scene, random),
        3 => Terse(scene, random),
        4 => Inverted(scene, random),
        _ => Whole(Order(scene, random), random),
    };

    private static List<Traits> Order(Scene scene, SeededRandom random) => random.Shuffle(scene.Objects.Select(o => o.Traits));

    private static string OnBackground(Scene scene, SeededRandom random)
    {
        var (thing, place) = (random.Pick(scene.Objects).Traits, random.Pick(Wording.Backgrounds[scene.Background.Kind]));
        return random.Below(3) switch
        {
            0 => $"on {place} {Wording.A(thing, random.Chance(0.7), random)} {Wording.Does(thing, random)}",
            1 => $"{Wording.A(thing, random.Chance(0.7), random)} {Wording.Does(thing, random)} in front of {place}",
            _ => $"{Wording.A(thing, random.Chance(0.7), random)} against {place}, {Wording.Doing(thing, random)}",
        };
    }

    private static string Related(Scene scene, SeededRandom random)
    {
        var relations = Relations.Of(scene);
        if (relations.Count == 0) return Terse(scene, random);
        var (i, relation, j) = random.Pick(relations);
        var (first, second, where) = (scene.Objects[i].Traits, scene.Objects[j].Traits, random.Pick(Wording.Relations[relation]));
        return random.Below(4) switch
        {
            0 => $"{Wording.A(first, random.Chance(0.5), random)} is {where} {Wording.A(second, random.Chance(0.5), random)}",
            1 => $"{Wording.A(first, false, random)} that {Wording.Does(first, random)} is {where} {Wording.A(second, false, random)}",
            2 => $"{where} {Wording.A(second, random.Chance(0.5), random)}, {Wording.A(first, random.Chance(0.5), random)} {Wording.Does(first, random)}",
            _ => $"{random.Pick(Openers)} {Wording.A(first, random.Chance(0.5), random)} {where} {Wording.A(second, false, random)} that {Wording.Does(second, random)}",
        };
    }

    private static string Counted(Scene scene, SeededRandom random)
    {
        var order = Order(scene, random);
        var number = Wording.Numbers[order.Count];
        if (order.Count == 1) return $"only one object is visible, {Wording.A(order[0], true, random)} {Wording.Doing(order[0], random)}";
        return random.Below(2) == 0
            ? $"{number} shapes, one of them is {Wording.A(order[0], random.Chance(0.5), random)} {Wording.Doing(order[0], random)}"
            : $"among {number} objects {Wording.A(order[0], random.Chance(0.5), random)} {Wording.Does(order[0], random)}";
    }

    private static string Terse(Scene scene, SeededRandom random)
    {
        var thing = random.Pick(scene.Objects).Traits;
        var words = Wording.A(thing, random.Chance(0.8), random);
        return $"{words[(words.IndexOf(' ', StringComparison.Ordinal) + 1)..]} {Wording.Doing(thing, random)}";
    }

    private static string Inverted(Scene scene, SeededRandom random)
    {
        var alone = scene.Objects.Select(o => o.Traits).Where(t => scene.Objects.Count(o => o.Traits.Motion == t.Motion) == 1).ToArray();
        if (alone.Length == 0) return Terse(scene, random);
        var thing = random.Pick(alone);
        return random.Below(2) == 0
            ? $"the object that {Wording.Does(thing, random)} is {Wording.A(thing, random.Chance(0.6), random)}"
            : $"what {Wording.Does(thing, random)} is {Wording.A(thing, random.Chance(0.6), random)}";
    }
}
