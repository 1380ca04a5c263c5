using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// R: regions; P: cells per side of the pooled grid; h, w: cells of the map.

/// <summary>Which window maxima of <see cref="RoiPool"/> each bin takes, computed on the device that they lie on; the same as the host computes, bin for bin.</summary>
internal static class RoiBins
{
    private const double Scale = 1.0 / 16;

    /// <summary>
    /// Rows [4, R * P * P] of the tables: first or last window down, first or last across.
    /// </summary>
    /// <param name="boxes">[R, 4].</param>
    /// <param name="size">P.</param>
    /// <param name="height">h.</param>
    /// <param name="width">w.</param>
    /// <param name="levelsX">Tables across for each one down.</param>
    /// <param name="empty">The row that an empty bin takes.</param>
    internal static Tensor Rows(Tensor boxes, int size, int height, int width, int levelsX, long empty)
    {
        using var scope = NewDisposeScope();
        var (y, x) = (Edges(boxes, 1, size, height), Edges(boxes, 0, size, width));
        Tensor Down(Tensor values) => values.unsqueeze(2);
        Tensor Across(Tensor values) => values.unsqueeze(1);
        var table = Down(y.Level).Mul(levelsX).Add(Across(x.Level)).Mul((long)height * width);
        var nothing = Down(y.Empty).logical_or(Across(x.Empty));
        var corners = new[] { (y.First, x.First), (y.First, x.Last), (y.Last, x.First), (y.Last, x.Last) }
            .Select(c => table.Add(Down(c.Item1).Mul((long)width)).Add(Across(c.Item2)).MaskedFill(nothing, empty).flatten());
        return stack(corners).MoveToOuterDisposeScope();
    }

    // Along one axis, each [R, P]; whole numbers. All products and quotients in float32, as in RoiPool. Divided by a tensor: by a number, a GPU would multiply by its reciprocal.
    private static (Tensor Level, Tensor First, Tensor Last, Tensor Empty) Edges(Tensor boxes, int axis, int size, int cells)
    {
        var from = RoundAway(boxes.narrow(1, axis, 1).Mul(Scale)); // (R, 1)
        var to = RoundAway(boxes.narrow(1, axis + 2, 1).Mul(Scale));
        var bin = (to - from).Add(1).ClampMin(1) / TensorNumbers.Arange(size, size + 1, 1, ScalarType.Float32, boxes.device);
        var at = TensorNumbers.Arange(size, ScalarType.Float32, boxes.device); // (P)
        var low = (bin * at).floor().Add(from).ClampMin(0).ClampMax(cells).to_type(ScalarType.Int64);
        var high = (bin * at.Add(1)).ceil().Add(from).ClampMin(0).ClampMax(cells).to_type(ScalarType.Int64);
        var length = high - low;
        var (level, window) = (zeros_like(length), ones_like(length));
        for (var twice = 2L; twice <= cells; twice *= 2)
        {
            var longer = length.Ge(twice).to_type(ScalarType.Int64);
            (level, window) = (level.Add(longer), window.Add(window * longer));
        }
        return (level, low, high - window, length.Gt(0).logical_not());
    }

    private static Tensor RoundAway(Tensor values)
    {
        var whole = values.trunc();
        return whole.Add((values - whole).abs().Ge(0.5).to_type(values.dtype) * values.sign());
    }
}
