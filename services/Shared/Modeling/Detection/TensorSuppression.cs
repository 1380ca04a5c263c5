using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// n: boxes, x1, y1, x2, y2; K: classes. A box covers x2 - x1 + 1 by y2 - y1 + 1 pixels.

/// <summary>
/// <see cref="NonMaximumSuppression"/> in operations on whole tensors, for devices that a copy to the host keeps waiting; of finite numbers the same boxes, bit for bit.
/// </summary>
/// <remarks>
/// A box stands if no box before it that stands overlaps it. Begun with all of them standing and applied to all at once, this rule is right about the first box after one round, about the first two
/// after two, and has come to rest as soon as a round changes nothing: after as many rounds as the longest chain of boxes of which each would suppress the next (a few; n at most).
/// The host waits for one number a round.
/// </remarks>
internal static class TensorSuppression
{
    // Pairs of boxes, and pairs of boxes of several classes, at once: a quarter of a gigabyte in either case.
    private const int Pairs = 1 << 22, ClassPairs = 1 << 25;

    /// <summary>Positions [m] kept among boxes [n, 4] that stand in descending order of score: ascending, at most <paramref name="limit"/>.</summary>
    internal static Tensor KeepSorted(Tensor boxes, float threshold, int limit, int pairs = Pairs)
    {
        using var scope = NewDisposeScope();
        var stands = Standing(Overlapping(boxes, threshold, pairs).triu(1).unsqueeze(0));
        var kept = stands[0].nonzero().flatten();
        return kept.narrow(0, 0, Math.Min(limit, kept.shape[0])).MoveToOuterDisposeScope();
    }

    /// <summary>For each of the boxes [n, 4] the highest of its scores [K, n] among the classes that keep it, 0 if none does: [n]. Of equal scores of a class the first is before the others.</summary>
    internal static Tensor BestKeptScore(Tensor boxes, Tensor scores, float threshold, int pairs = Pairs, int classPairs = ClassPairs)
    {
        using var scope = NewDisposeScope();
        var (classes, n) = (scores.shape[0], scores.shape[1]);
        var overlapping = Overlapping(boxes, threshold, pairs);
        var first = ones(n, n, dtype: ScalarType.Bool, device: boxes.device).triu(1);
        var best = zeros(n, dtype: scores.dtype, device: scores.device);
        var together = Math.Max(1, classPairs / Math.Max(1, n * n));
        for (var at = 0L; at < classes; at += together)
        {
            using var block = NewDisposeScope();
            var some = scores.narrow(0, at, Math.Min(together, classes - at));
            var (of, other) = (some.unsqueeze(2), some.unsqueeze(1));
            var before = of.gt(other).logical_or(of.eq(other).logical_and(first));
            var kept = some.MaskedFill(Standing(before.logical_and(overlapping)).logical_not(), 0.0);
            best = best.maximum(kept.amax([0])).MoveToOuterDisposeScope();
        }
        return best.MoveToOuterDisposeScope();
    }

    /// <summary>[n, n]: whether two boxes overlap by the threshold or more; float32 throughout, as the reference computes it.</summary>
    private static Tensor Overlapping(Tensor boxes, float threshold, int pairs)
    {
        using var scope = NewDisposeScope();
        var areas = Area(boxes.narrow(1, 2, 2) - boxes.narrow(1, 0, 2)); // (n)
        var rows = new List<Tensor>();
        var together = Math.Max(1, pairs / Math.Max(1, boxes.shape[0]));
        for (var at = 0L; at < boxes.shape[0]; at += together)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(together, boxes.shape[0] - at);
            var some = boxes.narrow(0, at, count).unsqueeze(1); // (r, 1, 4)
            var shared = some.narrow(2, 2, 2).minimum(boxes.narrow(1, 2, 2)) - some.narrow(2, 0, 2).maximum(boxes.narrow(1, 0, 2)); // (r, n, 2)
            var intersection = Area(shared, least: 0); // (r, n)
            rows.Add((intersection / (areas.narrow(0, at, count).unsqueeze(1).Add(areas) - intersection)).Ge(threshold).MoveToOuterDisposeScope());
        }
        return (rows.Count > 0 ? cat(rows) : zeros(0, 0, dtype: ScalarType.Bool, device: boxes.device)).MoveToOuterDisposeScope();
    }

    // Of boxes with these differences of corners [..., 2]; the extra pixel counts.
    private static Tensor Area(Tensor differences, double? least = null)
    {
        var sides = differences.Add(1);
        if (least is { } number) sides = sides.ClampMin(number);
        return sides.select(-1, 0) * sides.select(-1, 1);
    }

    /// <summary>[K, n, n], whether i would suppress j, to [K, n]: who stands.</summary>
    private static Tensor Standing(Tensor suppresses)
    {
        using var scope = NewDisposeScope();
        var stands = ones(suppresses.shape[0], suppresses.shape[1], dtype: ScalarType.Bool, device: suppresses.device);
        while (true)
        {
            using var round = NewDisposeScope();
            var next = suppresses.logical_and(stands.unsqueeze(2)).any(1).logical_not();
            var rest = next.eq(stands).all().item<bool>();
            stands = next.MoveToOuterDisposeScope();
            if (rest) return stands.MoveToOuterDisposeScope();
        }
    }
}
