using System.Numerics;

namespace DemoVlp.Modeling.Detection;

// n: boxes, x1, y1, x2, y2 row by row in host memory; K: classes. A box covers x2 - x1 + 1 by y2 - y1 + 1 pixels.

/// <summary>
/// Greedy suppression in the caffe convention: in descending order of score a box that still stands suppresses every later one
/// that overlaps it by the threshold <em>or more</em>. The greedy choice is sequential by nature, and here a loop over host memory;
/// on a GPU <see cref="TensorSuppression"/> comes to the same boxes where they are (decision 0019).
/// </summary>
public static class NonMaximumSuppression
{
    /// <summary>Overlap of two boxes, float32 throughout, as the reference computes it.</summary>
    public static float Overlap(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var w = Math.Max(0f, Math.Min(a[2], b[2]) - Math.Max(a[0], b[0]) + 1f);
        var h = Math.Max(0f, Math.Min(a[3], b[3]) - Math.Max(a[1], b[1]) + 1f);
        var intersection = w * h;
        return intersection / (Area(a) + Area(b) - intersection);
    }

    /// <summary>
    /// Positions kept among <paramref name="boxes"/> [n, 4] that stand in descending order of score: ascending positions, at most <paramref name="limit"/>.
    /// </summary>
    public static int[] KeepSorted(ReadOnlySpan<float> boxes, float threshold, int limit)
    {
        // Kept boxes lie column by column, so that one candidate meets eight of them at a time.
        var n = boxes.Length / 4;
        limit = Math.Min(limit, n);
        var lanes = Vector<float>.Count;
        var padded = (limit + lanes - 1) / lanes * lanes;
        float[] x1 = new float[padded], y1 = new float[padded], x2 = new float[padded], y2 = new float[padded], area = new float[padded];
        var kept = new List<int>(limit);
        // Padding covers nothing: its corners are apart so far that the intersection is zero.
        Array.Fill(x1, float.MaxValue);
        Array.Fill(x2, float.MinValue);
        var t = new Vector<float>(threshold);
        for (var i = 0; i < n && kept.Count < limit; i++)
        {
            var box = boxes.Slice(4 * i, 4);
            var suppressed = false;
            Vector<float> bx1 = new(box[0]), by1 = new(box[1]), bx2 = new(box[2]), by2 = new(box[3]), barea = new(Area(box));
            for (var k = 0; k < kept.Count && !suppressed; k += lanes)
            {
                var w = Vector.Max(Vector<float>.Zero, Vector.Min(new Vector<float>(x2, k), bx2) - Vector.Max(new Vector<float>(x1, k), bx1) + Vector<float>.One);
                var h = Vector.Max(Vector<float>.Zero, Vector.Min(new Vector<float>(y2, k), by2) - Vector.Max(new Vector<float>(y1, k), by1) + Vector<float>.One);
                var intersection = w * h;
                suppressed = Vector.GreaterThanOrEqualAny(intersection / (new Vector<float>(area, k) + barea - intersection), t);
            }
            if (suppressed) continue;
            (x1[kept.Count], y1[kept.Count], x2[kept.Count], y2[kept.Count], area[kept.Count]) = (box[0], box[1], box[2], box[3], Area(box));
            kept.Add(i);
        }
        return [.. kept];
    }

    /// <summary>
    /// Suppression of the same <paramref name="boxes"/> [n, 4] for K classes at once: for each box the highest score among the
    /// classes that keep it, 0 if none does. The n x n overlaps are computed once, as one bit each.
    /// </summary>
    /// <param name="boxes">[n, 4].</param>
    /// <param name="scores">[K, n] class by class.</param>
    /// <param name="order">[K, n]: each class's boxes in descending order of score.</param>
    /// <param name="threshold">Overlap from which a box is suppressed.</param>
    public static float[] BestKeptScore(ReadOnlySpan<float> boxes, ReadOnlySpan<float> scores, ReadOnlySpan<long> order, float threshold)
    {
        var n = boxes.Length / 4;
        var best = new float[n];
        if (n == 0) return best;
        var words = (n + 63) / 64;
        var suppresses = Suppression(boxes, threshold, words);
        var down = new ulong[words];
        for (var start = 0; start < order.Length; start += n)
        {
            Array.Clear(down);
            foreach (var j in order.Slice(start, n))
            {
                var i = (int)j;
                if ((down[i >> 6] >> (i & 63) & 1) != 0) continue;
                var row = suppresses.AsSpan(i * words, words);
                for (var k = 0; k < words; k++) down[k] |= row[k];
                best[i] = Math.Max(best[i], scores[start + i]);
            }
        }
        return best;
    }

    private static ulong[] Suppression(ReadOnlySpan<float> boxes, float threshold, int words)
    {
        var n = boxes.Length / 4;
        var bits = new ulong[n * words];
        for (var i = 0; i < n; i++)
        {
            for (var j = i + 1; j < n; j++)
            {
                if (Overlap(boxes.Slice(4 * i, 4), boxes.Slice(4 * j, 4)) < threshold) continue;
                bits[i * words + (j >> 6)] |= 1UL << (j & 63);
                bits[j * words + (i >> 6)] |= 1UL << (i & 63);
            }
        }
        return bits;
    }

    private static float Area(ReadOnlySpan<float> box) => (box[2] - box[0] + 1f) * (box[3] - box[1] + 1f);
}
