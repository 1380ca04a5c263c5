namespace DemoVlp.MovingShapes;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014). The numbers come from integer arithmetic alone, so that a seed gives the same data set on every
/// machine and version of .NET.
/// </summary>
public sealed class SeededRandom
{
    private ulong state;

    /// <summary>Independent streams for different seeds and for different further numbers.</summary>
    public SeededRandom(ulong seed, params ReadOnlySpan<ulong> stream)
    {
        state = seed;
        foreach (var part in stream) state = Bits() ^ unchecked(part * 0xD1B54A32D192ED03UL);
    }

    private SeededRandom(ulong state, bool _) => this.state = state;

    /// <summary>A generator that will give the same numbers as this one from here on.</summary>
    public SeededRandom Copy() => new(state, true);

    /// <summary>64 random bits.</summary>
    public ulong Bits()
    {
        unchecked
        {
            var z = state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }

    /// <summary>0 to 1, without 1.</summary>
    public double Unit() => (Bits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Between two numbers.</summary>
    public double Between(double low, double high) => low + Unit() * (high - low);

    /// <summary>0 to <paramref name="count"/>, without <paramref name="count"/>.</summary>
    public int Below(int count) => (int)(Unit() * count);

    /// <summary>True with a probability.</summary>
    public bool Chance(double probability) => Unit() < probability;

    /// <summary>One of them.</summary>
    public T Pick<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    /// <summary>All of them in random order.</summary>
    public List<T> Shuffle<T>(IEnumerable<T> items)
    {
        var list = items.ToList();
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }
        return list;
    }
}
