namespace DemoVlp.MovingShapes;

/// <summary>What an object looks like. <see cref="Diamond"/> is not in the standard vocabulary: it is there to be learnt later.</summary>
public enum ShapeKind { Circle, Square, Triangle, Star, Cross, Ring, Heart, Hexagon, Diamond }

/// <summary>An object's colour. <see cref="Pink"/> is not in the standard vocabulary.</summary>
public enum ColorName { Red, Green, Blue, Yellow, Purple, Orange, Cyan, White, Pink }

/// <summary>An object's size.</summary>
public enum SizeName { Small, Large }

/// <summary>What an object does for the whole clip.</summary>
public enum MotionKind { Left, Right, Up, Down, Still, Circling }

/// <summary>The backdrop of a clip.</summary>
public enum BackgroundKind { Plain, Gradient, Noisy }

/// <summary>Everything that words say about one object.</summary>
public sealed record Traits(ShapeKind Shape, ColorName Color, SizeName Size, MotionKind Motion);

/// <summary>The shapes and colours that scenes are made of.</summary>
public sealed record Vocabulary(IReadOnlyList<ShapeKind> Shapes, IReadOnlyList<ColorName> Colors)
{
    /// <summary>Eight shapes, eight colours.</summary>
    public static Vocabulary Standard { get; } = new(
        [.. Enum.GetValues<ShapeKind>().Where(s => s != ShapeKind.Diamond)], [.. Enum.GetValues<ColorName>().Where(c => c != ColorName.Pink)]);

    /// <summary>With the ninth shape and the ninth colour, for fine-tuning.</summary>
    public static Vocabulary Extended { get; } = new(Enum.GetValues<ShapeKind>(), Enum.GetValues<ColorName>());

    /// <summary>The names of the shapes, in order: a detector's classes.</summary>
    public IReadOnlyList<string> ShapeNames => [.. Shapes.Select(Name)];

    /// <summary>The names of the colours, in order: a detector's attributes.</summary>
    public IReadOnlyList<string> ColorNames => [.. Colors.Select(Name)];

    /// <summary>The plain word for a value.</summary>
    public static string Name<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
