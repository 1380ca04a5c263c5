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
        return PoolDistinct(boxes).Grid(size).MoveToOuterDisposeScope();
    }

    /// <summary>The same without repetitions: a region of fewer cells than P x P has equal bins side by side.</summary>
    public DistinctBins PoolDistinct(ReadOnlySpan<float> boxes)
    {
        using var scope = NewDisposeScope();
        var r = boxes.Length / 4;
        var (y, x) = (Edges(boxes, 1, size, height), Edges(boxes, 0, size, width));
        var corners = new List<long>[] { [], [], [], [] }; // Rows of the tables: first or last window down, first or last across.
        var positions = new long[r * size * size];
        var (down, across) = (new int[size], new int[size]);
        for (var i = 0; i < r; i++)
        {
            var begin = corners[0].Count;
            var columns = Runs(x, i, across);
            Runs(y, i, down);
            for (var p = 0; p < size; p++)
            {
                if (p == 0 || down[p] != down[p - 1])
                {
                    for (var q = 0; q < size; q++)
                        if (q == 0 || across[q] != across[q - 1]) Add(i * size + p, i * size + q);
                }
                for (var q = 0; q < size; q++) positions[(i * size + p) * size + q] = begin + down[p] * columns + across[q];
            }
        }
        // Few different lengths, so that the convolutions after it are planned once and not for every region.
        while (corners[0].Count % 64 != 0)
            foreach (var corner in corners) corner.Add(rows.shape[0] - 1);
        var indices = tensor([.. corners.SelectMany(c => c)], [4, corners[0].Count], device: rows.device);
        return new DistinctBins(Maximum(indices).MoveToOuterDisposeScope(), tensor(positions, device: rows.device).MoveToOuterDisposeScope());

        void Add(int atY, int atX)
        {
            if (y.Empty[atY] || x.Empty[atX])
            {
                foreach (var corner in corners) corner.Add(rows.shape[0] - 1);
                return;
            }
            var table = (y.Level[atY] * levelsX + x.Level[atX]) * ((long)height * width);
            corners[0].Add(table + y.First[atY] * width + x.First[atX]);
            corners[1].Add(table + y.First[atY] * width + x.Last[atX]);
            corners[2].Add(table + y.Last[atY] * width + x.First[atX]);
            corners[3].Add(table + y.Last[atY] * width + x.Last[atX]);
        }
    }

    /// <summary>As <see cref="Pool"/>, the bins computed on the map's device.</summary>
    internal Tensor PoolOnDevice(ReadOnlySpan<float> boxes)
    {
        using var scope = NewDisposeScope();
        var indices = RoiBins.Rows(tensor(boxes.ToArray(), [boxes.Length / 4L, 4L], device: rows.device), size, height, width, levelsX, rows.shape[0] - 1);
        return Maximum(indices).view(-1, size, size, channels).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    // Rows of the tables at [4, n], as bins [n, C].
    private Tensor Maximum(Tensor indices)
    {
        var pooled = rows.index_select(0, indices[0]);
        for (var i = 1; i < 4; i++)
        {
            using var corner = rows.index_select(0, indices[i]);
            var next = pooled.maximum(corner);
            pooled.Dispose();
            pooled = next;
        }
        return pooled;
    }

    // Numbers the bins of region i along one axis so that equal neighbours share a number; gives how many numbers there are.
    private int Runs((long[] Level, long[] First, long[] Last, bool[] Empty) edges, int i, int[] number)
    {
        for (var p = 0; p < size; p++)
        {
            var at = i * size + p;
            var same = p > 0 && edges.Empty[at] == edges.Empty[at - 1] && edges.Level[at] == edges.Level[at - 1] && edges.First[at] == edges.First[at - 1] && edges.Last[at] == edges.Last[at - 1];
            number[p] = p == 0 ? 0 : number[p - 1] + (same ? 0 : 1);
        }
        return number[size - 1] + 1;
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
    private static (long[] Level, long[] First, long[] Last, bool[] Empty) Edges(ReadOnlySpan<float> boxes, int axis, int size, int cells)
    {
        var r = boxes.Length / 4;
        long[] level = new long[r * size], first = new long[r * size], last = new long[r * size];
        var empty = new bool[r * size];
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
                    empty[at] = true;
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

/// <summary>Pooled bins without repetitions.</summary>
/// <param name="Rows">[U, C]: each bin once, in no promised order, and some that nobody asks for.</param>
/// <param name="Positions">[R * P * P]: which row each bin of each region is.</param>
public sealed record DistinctBins(Tensor Rows, Tensor Positions)
{
    /// <summary>All bins: [R, C, P, P], strided channels-last.</summary>
    public Tensor Grid(int size) => Expand(Rows, size);

    /// <summary>The grid of what was computed from each row: [U, O] to [R, O, P, P], strided channels-last.</summary>
    public Tensor Expand(Tensor values, int size) => values.index_select(0, Positions).view(-1, size, size, values.shape[1]).permute(0, 3, 1, 2);
}
