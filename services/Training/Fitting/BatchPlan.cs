namespace DemoVlp.Training.Fitting;

/// <summary>
/// Which clips a step learns from. A pure function of the seed and the step, so that a run that was interrupted needs to remember no more than its step.
/// </summary>
/// <param name="clips">Clips in the data set, at least 2.</param>
/// <param name="batchSize">Clips per step asked for; the data set's size at most.</param>
/// <param name="epochs">Passes over the data.</param>
/// <param name="seed">Of the order and the choice of captions.</param>
internal sealed class BatchPlan(int clips, int batchSize, int epochs, int seed)
{
    private (int Epoch, int[] Order) shuffled = (-1, []);

    /// <summary>Clips per step.</summary>
    public int BatchSize { get; } = Math.Min(batchSize, clips);

    /// <summary>Full batches of a pass. The clips left over are others in each pass.</summary>
    public int StepsPerEpoch => clips / BatchSize;

    /// <summary>Steps in all.</summary>
    public int TotalSteps => StepsPerEpoch * epochs;

    /// <summary>The pass a step belongs to, from 0.</summary>
    public int EpochOf(int step) => step / StepsPerEpoch;

    /// <summary>All clips, those of the step's batch first. Those behind stand in for clips that cannot be read any more.</summary>
    public IEnumerable<int> Candidates(int step)
    {
        var epoch = EpochOf(step);
        if (shuffled.Epoch != epoch) shuffled = (epoch, Shuffle(epoch));
        var (order, first) = (shuffled.Order, step % StepsPerEpoch * BatchSize);
        return Enumerable.Range(first, clips).Select(i => order[i % clips]);
    }

    /// <summary>Which of a clip's captions is learnt from in the step's pass.</summary>
    public int Caption(int step, int clip, int captions) => (int)(Mix((ulong)(uint)seed << 32 ^ ((ulong)EpochOf(step) << 20) ^ (uint)clip ^ 0xC0FFEE) % (ulong)captions);

    private int[] Shuffle(int epoch)
    {
        var order = Enumerable.Range(0, clips).ToArray();
        var state = Mix((ulong)(uint)seed << 32 ^ (uint)epoch);
        for (var i = clips - 1; i > 0; i--)
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
