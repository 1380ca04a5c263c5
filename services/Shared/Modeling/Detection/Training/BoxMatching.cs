namespace DemoVlp.Modeling.Detection.Training;

// n: boxes, m: objects; four edges each, row by row in host memory.

/// <summary>Which object a box is about.</summary>
public static class BoxMatching
{
    /// <summary>Intersection over union of two boxes given by their edges.</summary>
    public static float Overlap(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var w = Math.Max(0f, Math.Min(a[2], b[2]) - Math.Max(a[0], b[0]));
        var h = Math.Max(0f, Math.Min(a[3], b[3]) - Math.Max(a[1], b[1]));
        var union = Area(a) + Area(b) - w * h;
        return union > 0 ? w * h / union : 0;
    }

    /// <summary>For each of n boxes the object it overlaps most (-1 if there is none at all) and by how much.</summary>
    public static (int[] Object, float[] Overlap) Match(ReadOnlySpan<float> boxes, ReadOnlySpan<float> objects)
    {
        var best = new int[boxes.Length / 4];
        var overlap = new float[best.Length];
        Array.Fill(best, -1);
        for (var i = 0; i < best.Length; i++)
            for (var j = 0; j < objects.Length / 4; j++)
            {
                var value = Overlap(boxes.Slice(4 * i, 4), objects.Slice(4 * j, 4));
                if (best[i] < 0 || value > overlap[i]) (best[i], overlap[i]) = (j, value);
            }
        return (best, overlap);
    }

    /// <summary>At most <paramref name="count"/> of the items, chosen at random.</summary>
    internal static List<int> Some(List<int> items, int count, Random random)
    {
        var taken = Math.Min(count, items.Count);
        for (var i = 0; i < taken; i++)
        {
            var j = random.Next(i, items.Count);
            (items[i], items[j]) = (items[j], items[i]);
        }
        return items[..taken];
    }

    private static float Area(ReadOnlySpan<float> box) => Math.Max(0f, box[2] - box[0]) * Math.Max(0f, box[3] - box[1]);
}
