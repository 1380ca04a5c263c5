namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>Which frames of a video are taken (spec section 8.2): one out of each of k equal bins.</summary>
public static class FrameSampling
{
    /// <summary>The middle of each bin, as for validation; all frames if there are no more than asked for.</summary>
    public static int[] Uniform(int available, int wanted)
    {
        var (edges, chosen) = Bins(available, wanted);
        for (var i = 0; i < chosen.Length; i++) chosen[i] = (edges[i] + edges[i + 1] - 1) / 2;
        return chosen;
    }

    /// <summary>A random frame of each bin, for training. The published code never draws a bin's last frame and fails for bins of one; here each frame can be drawn.</summary>
    public static int[] Random(int available, int wanted, Random random)
    {
        var (edges, chosen) = Bins(available, wanted);
        for (var i = 0; i < chosen.Length; i++) chosen[i] = random.Next(edges[i], edges[i + 1]);
        return chosen;
    }

    /// <summary>A random frame of each bin as the published code draws it: never a bin's last frame; null where a bin has only one, which makes the published code fail.</summary>
    public static int[]? RandomWithoutLast(int available, int wanted, Random random)
    {
        var (edges, chosen) = Bins(available, wanted);
        for (var i = 0; i < chosen.Length; i++)
        {
            if (edges[i + 1] - edges[i] < 2) return null;
            chosen[i] = random.Next(edges[i], edges[i + 1] - 1);
        }
        return chosen;
    }

    private static (int[] Edges, int[] Chosen) Bins(int available, int wanted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(available);
        ArgumentOutOfRangeException.ThrowIfNegative(wanted);
        var count = Math.Min(available, wanted);
        var edges = new int[count + 1];
        for (var j = 0; j <= count; j++) edges[j] = (int)((long)j * available / Math.Max(count, 1));
        return (edges, new int[count]);
    }
}
