using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// Boxes are x1, y1, x2, y2; deltas are (dx, dy, dw, dh) of K classes side by side; n: boxes.

/// <summary>
/// Boxes from regression deltas in the caffe convention: a box spans x2 - x1 + 1 pixels, but nothing is taken off again
/// when the corners are written, so that zero deltas move (x2, y2) by one pixel. Weights 1, 1, 1, 1.
/// </summary>
public static class BoxCodec
{
    private static readonly double LargestLogScale = Math.Log(1000.0 / 16);

    /// <summary>boxes [..., n, 4] and deltas [..., n, 4K] to boxes [..., n, 4K].</summary>
    public static Tensor Decode(Tensor boxes, Tensor deltas)
    {
        using var scope = NewDisposeScope();
        var d = deltas.view([.. deltas.shape[..^1], -1, 4]);
        var (x1, y1) = (boxes.narrow(-1, 0, 1), boxes.narrow(-1, 1, 1));
        var w = (boxes.narrow(-1, 2, 1) - x1).Add(1);
        var h = (boxes.narrow(-1, 3, 1) - y1).Add(1);
        var cx = (d.select(-1, 0) * w).Add(x1.Add(w.Mul(0.5)));
        var cy = (d.select(-1, 1) * h).Add(y1.Add(h.Mul(0.5)));
        var halfW = (d.select(-1, 2).ClampMax(LargestLogScale).exp_() * w).Mul(0.5);
        var halfH = (d.select(-1, 3).ClampMax(LargestLogScale).exp_() * h).Mul(0.5);
        return stack([cx - halfW, cy - halfH, cx.Add(halfW), cy.Add(halfH)], dim: -1).view(deltas.shape).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The deltas that <see cref="Decode"/> turns into exactly <paramref name="target"/>, which is therefore given by its edges: the right one is
    /// where the next pixel begins.
    /// </summary>
    /// <param name="box">x1, y1, x2, y2.</param>
    /// <param name="target">Left, top, right, bottom; with an area.</param>
    public static (float Dx, float Dy, float Dw, float Dh) Encode(ReadOnlySpan<float> box, ReadOnlySpan<float> target)
    {
        float w = box[2] - box[0] + 1, h = box[3] - box[1] + 1;
        float targetW = target[2] - target[0], targetH = target[3] - target[1];
        return (((target[0] + target[2]) / 2 - (box[0] + w / 2)) / w, ((target[1] + target[3]) / 2 - (box[1] + h / 2)) / h,
            MathF.Log(targetW / w), MathF.Log(targetH / h));
    }

    /// <summary>All four coordinates of boxes [..., 4] into 0 to maxX, and 0 to maxY.</summary>
    public static Tensor Clip(Tensor boxes, double maxX, double maxY)
    {
        using var scope = NewDisposeScope();
        using var limit = tensor([(float)maxX, (float)maxY, (float)maxX, (float)maxY], device: boxes.device);
        return boxes.ClampMin(0).minimum(limit).MoveToOuterDisposeScope();
    }

    /// <summary>[...] booleans: boxes [..., 4] that have an area and whose sides (with the extra pixel) both exceed <paramref name="minSide"/>.</summary>
    public static Tensor IsLargeEnough(Tensor boxes, double minSide)
    {
        using var scope = NewDisposeScope();
        var w = boxes.select(-1, 2) - boxes.select(-1, 0);
        var h = boxes.select(-1, 3) - boxes.select(-1, 1);
        return (w.Gt(0) & h.Gt(0) & w.Add(1).Gt(minSide) & h.Add(1).Gt(minSide)).MoveToOuterDisposeScope();
    }
}
