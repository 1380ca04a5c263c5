namespace DemoVlp.Training.Fitting;

/// <summary>
/// Which examples a step learns from. A pure function of the seed and the step, so that a run that was interrupted needs to remember no more than its step.
/// </summary>
/// <param name="clips">Examples of each clip, one clip after the other; at least 2 in all.</param>
/// <param name="batchSize">Examples per step asked for; the data set's size at most.</param>
/// <param name="epochs">Passes over the data.</param>
/// <param name="seed">Of the order and the choice of texts.</param>
internal sealed class BatchPlan(IReadOnlyList<int> clips, int batchSize, int epochs, int seed)
{
    // Examples of one clip that are taken together at most: the clip is encoded once for them, which is most of the work.
    private const int MostTogether = 8;

    // Clips that a batch shows at least, if there are as many.
    private const int LeastClips = 8;

    private readonly int examples = clips.Sum(), together = Together(batchSize);
    private (int Epoch, int[] Order) shuffled = (-1, []);

    /// <summary>Examples per step.</summary>
    public int BatchSize { get; } = Math.Min(batchSize, clips.Sum());

    /// <summary>Full batches of a pass. Those left over are others in each pass.</summary>
    public int StepsPerEpoch => examples / BatchSize;

    /// <summary>Steps in all.</summary>
    public int TotalSteps => StepsPerEpoch * epochs;

    /// <summary>The pass a step belongs to, from 0.</summary>
    public int EpochOf(int step) => step / StepsPerEpoch;

    /// <summary>All examples, those of the step's batch first. Those behind stand in for those whose clips cannot be read any more.</summary>
    public IEnumerable<int> Candidates(int step)
    {
        var epoch = EpochOf(step);
        if (shuffled.Epoch != epoch) shuffled = (epoch, Shuffle(epoch));
        var (order, first) = (shuffled.Order, step % StepsPerEpoch * BatchSize);
        return Enumerable.Range(first, examples).Select(i => order[i % examples]);
    }

    /// <summary>Which of an example's texts is learnt from in the step's pass.</summary>
    public int Text(int step, int example, int texts) => (int)(Mix((ulong)(uint)seed << 32 ^ ((ulong)EpochOf(step) << 20) ^ (uint)example ^ 0xC0FFEE) % (ulong)texts);

    /// <summary>Videos that a step encodes for each of its examples: 1 or less.</summary>
    public static double VideosPerExample(IReadOnlyList<int> clips, int batchSize) => clips.Sum(n => (n + Together(batchSize) - 1) / Together(batchSize)) / (double)clips.Sum();

    private static int Together(int batchSize) => Math.Clamp(batchSize / LeastClips, 1, MostTogether);

    private int[] Shuffle(int epoch)
    {
        var state = Mix((ulong)(uint)seed << 32 ^ (uint)epoch);
        var groups = new List<int[]>();
        var first = 0;
        foreach (var count in clips)
        {
            groups.AddRange(Shuffle(Enumerable.Range(first, count).ToArray(), ref state).Chunk(together));
            first += count;
        }
        return [.. Shuffle(groups.ToArray(), ref state).SelectMany(g => g)];
    }

    private static T[] Shuffle<T>(T[] order, ref ulong state)
    {
        for (var i = order.Length - 1; i > 0; i--)
        {
            state = Mix(state);
            var j = (int)(state % (ulong)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    // SplitMix64: written out, since an order that checkpoints rely on must not change with a library.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
        value = (value ^ value >> 27) * 0x94D049BB133111EB;
        return value ^ value >> 31;
    }
}
