namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>Uncertainty of measured shares.</summary>
public static class Proportions
{
    /// <summary>Wilson's score interval at 95 % for a share (0 to 1) of a number of trials.</summary>
    public static (double Low, double High) Wilson95(double share, double trials)
    {
        const double z = 1.959963984540054;
        if (trials <= 0) return (0, 1);
        var scale = 1 + z * z / trials;
        var centre = (share + z * z / (2 * trials)) / scale;
        var half = z * Math.Sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / scale;
        return (Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}
