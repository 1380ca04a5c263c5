using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// R: regions; P: cells per side of the pooled grid; C, h, w: channels and cells of the map; boxes in pixels, 16 of them a cell.

/// <summary>
/// Maximum over P x P bins with integer edges (Fast R-CNN; torchvision's <c>roi_pool</c>). An empty bin gives 0.
/// </summary>
/// <remarks>
/// The maximum over a bin of any size is that of four windows whose sides are powers of two and which may overlap. So the map is
/// turned once into tables of window maxima, and each bin then gathers four rows of C values: no loop over regions, no copy
/// between host and device, and an exact result that lies channels-last, as res5 likes it.
/// </remarks>
public sealed class RoiPool : IDisposable
{
    private const float Scale = 1f / 16;
    private readonly Tensor rows;
    private readonly int size;
    private readonly int height;
    private readonly int width;
    private readonly long channels;
    private readonly int levelsX;

    /// <summary>The window maxima of <paramref name="map"/> [1, C, h, w], as large as <paramref name="boxes"/> [R, 4] with P = <paramref name="size"/> need.</summary>
    public RoiPool(Tensor map, ReadOnlySpan<float> boxes, int size)
    {
        using var scope = NewDisposeScope();
        this.size = size;
        (channels, height, width) = (map.shape[1], (int)map.shape[2], (int)map.shape[3]);
        var levelsY = Edges(boxes, 1, size, height).Level.DefaultIfEmpty().Max() + 1;
        levelsX = (int)Edges(boxes, 0, size, width).Level.DefaultIfEmpty().Max() + 1;
        var tables = new List<Tensor>();
        var level = map.squeeze(0).permute(1, 2, 0).contiguous(); // [h, w, C]
        for (var y = 0; y < levelsY; y++)
        {
            if (y > 0) level = Widen(level, 0, 1L << (y - 1));
            var window = level;
            for (var x = 0; x < levelsX; x++)
            {
                if (x > 0) window = Widen(window, 1, 1L << (x - 1));
                tables.Add(window.view(-1, channels));
            }
        }
        tables.Add(zeros(1, channels, dtype: map.dtype, device: map.device)); // What an empty bin takes.
        rows = cat(tables).DetachFromDisposeScope();
    }

    /// <summary>map [1, C, h, w] and host boxes [R, 4] to [R, C, P, P].</summary>
    public static Tensor Apply(Tensor map, ReadOnlySpan<float> boxes, int size)
    {
        using var pool = new RoiPool(map, boxes, size);
        return pool.Pool(boxes);
    }

    /// <summary>Some of the boxes [R, 4] to [R, C, P, P] (strided channels-last).</summary>
    public Tensor Pool(ReadOnlySpan<float> boxes)
    {
        using var scope = NewDisposeScope();
        var r = boxes.Length / 4;
        var y = Edges(boxes, 1, size, height);
        var x = Edges(boxes, 0, size, width);
        Tensor Along(long[] values, bool vertical) => tensor(values, device: rows.device).view(vertical ? [r, size, 1L] : [r, 1L, size]);
        // table = levelY * levelsX + levelX, and within it the row (y * w + x)
        var table = Along(y.Level, true).Mul(levelsX).Add(Along(x.Level, false)).Mul((long)height * width);
        var empty = Along(y.Empty, true).Add(Along(x.Empty, false)).Gt(0);
        Tensor Take(long[] atY, long[] atX)
        {
            var index = table.Add(Along(atY, true).Mul(width)).Add(Along(atX, false)).MaskedFill(empty, rows.shape[0] - 1);
            return rows.index_select(0, index.view(-1));
        }
        var pooled = Take(y.First, x.First);
        foreach (var (atY, atX) in new[] { (y.First, x.Last), (y.Last, x.First), (y.Last, x.Last) })
        {
            using var corner = Take(atY, atX);
            var next = pooled.maximum(corner);
            pooled.Dispose();
            pooled = next;
        }
        return pooled.view(r, size, size, channels).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the tables.</summary>
    public void Dispose() => rows.Dispose();

    // Windows twice as long from windows of length `step`; those that would hang over the edge are never asked for.
    private static Tensor Widen(Tensor level, int dim, long step)
    {
        var length = level.shape[dim];
        if (length <= step) return level;
        using var scope = NewDisposeScope();
        var joined = level.narrow(dim, 0, length - step).maximum(level.narrow(dim, step, length - step));
        return cat([joined, level.narrow(dim, length - step, step)], dim).MoveToOuterDisposeScope();
    }

    // For each region and bin along one axis: the window's level, its first and last start, and whether the bin is empty ([R * P] each).
    // All products in float32: exact arithmetic would give bins one cell smaller for some extents (57 and 62 cells among them).
    private static (long[] Level, long[] First, long[] Last, long[] Empty) Edges(ReadOnlySpan<float> boxes, int axis, int size, int cells)
    {
        var r = boxes.Length / 4;
        long[] level = new long[r * size], first = new long[r * size], last = new long[r * size], empty = new long[r * size];
        for (var i = 0; i < r; i++)
        {
            var from = RoundAway(boxes[4 * i + axis] * Scale);
            var to = RoundAway(boxes[4 * i + axis + 2] * Scale);
            var extent = Math.Max(to - from + 1, 1);
            var bin = (float)extent / size;
            for (var p = 0; p < size; p++)
            {
                var low = Math.Clamp((long)MathF.Floor(p * bin) + from, 0, cells);
                var high = Math.Clamp((long)MathF.Ceiling((p + 1) * bin) + from, 0, cells);
                var at = i * size + p;
                if (high <= low)
                {
                    empty[at] = 1;
                    continue;
                }
                level[at] = System.Numerics.BitOperations.Log2((ulong)(high - low));
                (first[at], last[at]) = (low, high - (1L << (int)level[at]));
            }
        }
        return (level, first, last, empty);
    }

    private static long RoundAway(float value)
    {
        var whole = MathF.Truncate(value);
        return (long)(MathF.Abs(value - whole) >= 0.5f ? whole + MathF.Sign(value) : whole);
    }
}
