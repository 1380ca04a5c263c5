using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection;

// A: anchors per cell; h, w: cells of the res4 map; boxes are x1, y1, x2, y2 in pixels of the network's input.

/// <summary>
/// The reference boxes of every cell. The anchors of one cell are part of the checkpoint
/// (key <c>cell_anchors.0</c>), and those of the checkpoint count, not those the configuration would give.
/// </summary>
public sealed class AnchorGenerator : Module
{
    private readonly CellAnchors cell_anchors;
    private readonly int stride;

    /// <summary>Starts with the caffe anchors of <paramref name="config"/>.</summary>
    public AnchorGenerator(DetectorConfig config) : base(nameof(AnchorGenerator))
    {
        stride = config.Stride;
        cell_anchors = new CellAnchors(config);
        RegisterComponents();
    }

    /// <summary>[h*w*A, 4]: rows of cells slowest, then columns, then the anchors of a cell.</summary>
    public Tensor Grid(long h, long w)
    {
        using var scope = NewDisposeScope();
        var cell = cell_anchors.Values;
        var xs = TensorNumbers.Arange(0, w * stride, stride, ScalarType.Float32, cell.device);
        var ys = TensorNumbers.Arange(0, h * stride, stride, ScalarType.Float32, cell.device);
        var x = xs.view(1, w, 1).expand(h, w, 1);
        var y = ys.view(h, 1, 1).expand(h, w, 1);
        var shifts = cat([x, y, x, y], dim: 2).view(h * w, 1, 4);
        return shifts.Add(cell.view(1, -1, 4)).view(-1, 4).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The caffe anchors around the reference window (0, 0, base-1, base-1), A x 4 row by row: ratios outer, scales inner,
    /// widths and heights rounded half to even before scaling.
    /// </summary>
    public static float[] Cell(DetectorConfig config)
    {
        var anchors = new List<float>();
        var center = (config.AnchorBase - 1) / 2.0;
        foreach (var ratio in config.AnchorRatios)
        {
            var width = Math.Round(Math.Sqrt(config.AnchorBase * config.AnchorBase / ratio));
            var height = Math.Round(width * ratio);
            foreach (var scale in config.AnchorScales)
            {
                double dx = (width * scale - 1) / 2, dy = (height * scale - 1) / 2;
                anchors.AddRange([(float)(center - dx), (float)(center - dy), (float)(center + dx), (float)(center + dy)]);
            }
        }
        return [.. anchors];
    }

    // A list of buffers whose keys are its indices, as in the checkpoint.
    private sealed class CellAnchors : Module
    {
        internal CellAnchors(DetectorConfig config) : base(nameof(CellAnchors)) =>
            register_buffer("0", tensor(Cell(config), [config.AnchorsPerCell, 4L]));

        internal Tensor Values => get_buffer("0")!;
    }
}
