namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>A 95 % interval of a measured number, in its unit.</summary>
public readonly record struct Interval(double Low, double High);

/// <summary>Uncertainty of what was measured on some queries: the queries are drawn anew, with replacement, and the number is computed again (percentile bootstrap).</summary>
public static class Bootstrap
{
    private const int Resamples = 1000;

    /// <summary>The 2.5th and 97.5th percentile of a statistic over 1000 resamples. The same values and seed give the same interval.</summary>
    /// <param name="values">One per query, at least one.</param>
    /// <param name="statistic">Computes the number from a resample; it must not keep the array.</param>
    /// <param name="seed">Of the resampling.</param>
    public static Interval Interval95(IReadOnlyList<double> values, Func<double[], double> statistic, int seed = 0) => Intervals95(values, [statistic], seed)[0];

    /// <summary>The intervals of several statistics of the same resamples.</summary>
    public static IReadOnlyList<Interval> Intervals95(IReadOnlyList<double> values, IReadOnlyList<Func<double[], double>> statistics, int seed = 0)
    {
        if (values.Count == 0) throw new ArgumentException("There is nothing to resample.", nameof(values));
        var random = new Random(seed);
        var sample = new double[values.Count];
        var results = statistics.Select(_ => new double[Resamples]).ToArray();
        for (var r = 0; r < Resamples; r++)
        {
            for (var i = 0; i < sample.Length; i++) sample[i] = values[random.Next(values.Count)];
            for (var s = 0; s < statistics.Count; s++) results[s][r] = statistics[s](sample);
        }
        return [.. results.Select(r => { Array.Sort(r); return new Interval(Percentile(r, 0.025), Percentile(r, 0.975)); })];
    }

    /// <summary>Linear between neighbours, as numpy's default.</summary>
    private static double Percentile(double[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var (below, above) = (sorted[(int)at], sorted[(int)Math.Ceiling(at)]);
        return below.Equals(above) ? below : below + (at - (int)at) * (above - below);
    }
}
