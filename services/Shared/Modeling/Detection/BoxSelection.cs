using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// R: proposals of one image; K: classes with the background, which is class 0; boxes x1, y1, x2, y2 in pixels of the original picture.

/// <summary>Which proposals become regions: those that some class, after suppression among its own boxes, is confident about.</summary>
public static class BoxSelection
{
    /// <summary>
    /// For each box the highest probability among the foreground classes that keep it (0 if none does): suppression for every
    /// class over the same boxes, without a score threshold.
    /// </summary>
    /// <param name="boxes">[R, 4].</param>
    /// <param name="probabilities">[R, K], any device.</param>
    /// <param name="threshold">Overlap from which a box is suppressed.</param>
    /// <param name="onHost">Whether the suppression is computed on the host, and not where the probabilities are.</param>
    public static float[] MaximumConfidence(ReadOnlySpan<float> boxes, Tensor probabilities, float threshold, bool onHost = true)
    {
        using var scope = NewDisposeScope();
        var scores = probabilities.narrow(1, 1, probabilities.shape[1] - 1).t().contiguous();
        if (!onHost) return TensorSuppression.BestKeptScore(tensor(boxes.ToArray(), [boxes.Length / 4L, 4L], device: scores.device), scores, threshold).cpu().data<float>().ToArray();
        var (_, order) = scores.sort(1, descending: true, stable: true);
        using var hostScores = scores.cpu();
        using var hostOrder = order.cpu().contiguous();
        return NonMaximumSuppression.BestKeptScore(boxes, Values<float>(hostScores), Values<long>(hostOrder), threshold);
    }

    /// <summary>
    /// The regions to keep: all boxes of at least <paramref name="threshold"/> in ascending order, if they are between <paramref name="minimum"/> and
    /// <paramref name="maximum"/>; else that many of the most confident, in descending order (fewer only if there are fewer boxes).
    /// </summary>
    public static int[] Keep(ReadOnlySpan<float> confidence, float threshold, int minimum, int maximum)
    {
        var seen = new List<int>();
        for (var i = 0; i < confidence.Length; i++)
            if (confidence[i] >= threshold) seen.Add(i);
        return seen.Count < minimum ? MostConfident(confidence, minimum) : seen.Count > maximum ? MostConfident(confidence, maximum) : [.. seen];
    }

    /// <summary>The <paramref name="count"/> most confident boxes (or all), in descending order; equal ones keep their order.</summary>
    public static int[] MostConfident(ReadOnlySpan<float> confidence, int count)
    {
        var values = confidence.ToArray();
        return [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).Take(count)];
    }

    private static ReadOnlySpan<T> Values<T>(Tensor tensor) where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(tensor.bytes);
}
