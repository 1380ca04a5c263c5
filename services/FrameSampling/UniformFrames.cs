namespace DemoVlp.FrameSampling;

/// <summary>Which frames stand for a video: the middles of equal bins (the paper's uniform sampling for evaluation).</summary>
public static class UniformFrames
{
    /// <summary>
    /// Indexes of <c>min(count, available)</c> frames, ascending: bin edges <c>floor(j * available / k)</c>,
    /// of each bin <c>[start, end]</c> the frame <c>floor((start + end) / 2)</c>.
    /// </summary>
    public static IReadOnlyList<long> Indexes(long available, int count)
    {
        var k = (int)Math.Min(count, available);
        return [.. Enumerable.Range(0, k).Select(j => (Edge(j) + Edge(j + 1) - 1) / 2)];

        long Edge(int j) => j * available / k;
    }
}
