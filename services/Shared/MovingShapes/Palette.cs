namespace DemoVlp.MovingShapes;

/// <summary>The colours that names stand for, and dull ones for backgrounds, which are none of them.</summary>
internal static class Palette
{
    internal static Rgb Of(ColorName color) => color switch
    {
        ColorName.Red => new(220, 35, 35),
        ColorName.Green => new(35, 165, 60),
        ColorName.Blue => new(40, 75, 230),
        ColorName.Yellow => new(250, 225, 30),
        ColorName.Purple => new(145, 50, 195),
        ColorName.Orange => new(250, 135, 20),
        ColorName.Cyan => new(40, 215, 225),
        ColorName.White => new(243, 243, 243),
        ColorName.Pink => new(250, 130, 190),
        _ => throw new ArgumentOutOfRangeException(nameof(color)),
    };

    /// <summary>Dark to middle grey with a hint of colour.</summary>
    internal static Rgb Backdrop(SeededRandom random)
    {
        var grey = random.Between(20, 115);
        byte Tinted() => (byte)Math.Clamp(grey + random.Between(-16, 16), 0, 255);
        return new(Tinted(), Tinted(), Tinted());
    }
}
