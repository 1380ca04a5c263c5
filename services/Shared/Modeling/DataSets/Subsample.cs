namespace DemoVlp.Modeling.DataSets;

/// <summary>A random share of rows that needs neither their number nor a memory of them: each row is drawn by a hash of its number.</summary>
internal static class Subsample
{
    internal static bool Holds(long row, double share, ulong seed) => (Mix(Mix(seed) ^ (ulong)row) >> 11) * (1.0 / (1UL << 53)) < share;

    /// <summary>SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
