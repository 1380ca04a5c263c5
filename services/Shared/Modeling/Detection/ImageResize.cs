using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// H, W: the picture; h, w: the network's input; pixels are B, G, R.

/// <summary>From a picture to the network's input: mean off, then OpenCV's bilinear resize with the step 1/scale.</summary>
public static class ImageResize
{
    /// <summary>
    /// The scale that brings the shorter side to <paramref name="shortSide"/>, or the longer one to <paramref name="longSide"/> where it would exceed that,
    /// and the size it gives (at least one pixel each way).
    /// </summary>
    public static (double Scale, int Height, int Width) Plan(int height, int width, int shortSide, int longSide)
    {
        var scale = (double)shortSide / Math.Min(height, width);
        if (Math.Round(scale * Math.Max(height, width)) > longSide) scale = (double)longSide / Math.Max(height, width);
        return (scale, Math.Max(1, (int)Math.Round(height * scale)), Math.Max(1, (int)Math.Round(width * scale)));
    }

    /// <summary>Bytes [H, W, 3] to [3, h, w] float32 on <paramref name="device"/>.</summary>
    /// <param name="bgr">Rows of B, G, R.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="mean">Means of B, G, R.</param>
    /// <param name="plan">What <see cref="Plan"/> gave.</param>
    /// <param name="device">Where the work is done.</param>
    public static Tensor Input(byte[] bgr, int height, int width, IReadOnlyList<double> mean, (double Scale, int Height, int Width) plan, Device device)
    {
        using var scope = NewDisposeScope();
        var pixels = tensor(bgr, [height, width, 3L], device: device);
        // The difference is rounded once, from double, as the reference does.
        var centered = (pixels.to(ScalarType.Float64) - tensor(mean.ToArray(), device: device)).to(ScalarType.Float32);
        return Apply(centered, plan.Scale, plan.Height, plan.Width).permute(2, 0, 1).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// [H, W, c] float32 to [h, w, c]. Sample x is at (x + 0.5) / scale - 0.5 (not at the ratio of the sizes), without smoothing,
    /// edges repeated; columns first, then rows, in float32.
    /// </summary>
    public static Tensor Apply(Tensor picture, double scale, int height, int width)
    {
        using var scope = NewDisposeScope();
        if (picture.shape[0] == height && picture.shape[1] == width) return picture.clone().MoveToOuterDisposeScope();
        var columns = Interpolate(picture, 1, scale, width);
        return Interpolate(columns, 0, scale, height).MoveToOuterDisposeScope();
    }

    private static Tensor Interpolate(Tensor picture, int dim, double scale, int size)
    {
        var length = picture.shape[dim];
        long[] low = new long[size], high = new long[size];
        float[] keep = new float[size], take = new float[size];
        var step = 1 / scale;
        for (var i = 0; i < size; i++)
        {
            var position = (float)((i + 0.5) * step - 0.5);
            var cell = (long)MathF.Floor(position);
            var fraction = position - cell;
            if (cell < 0) (cell, fraction) = (0, 0);
            if (cell >= length - 1) (cell, fraction) = (length - 1, 0);
            (low[i], high[i], keep[i], take[i]) = (cell, Math.Min(cell + 1, length - 1), 1 - fraction, fraction);
        }
        long[] shape = dim == 0 ? [size, 1, 1] : [1, size, 1];
        Tensor Along(float[] values) => tensor(values, shape, device: picture.device);
        var near = picture.index_select(dim, tensor(low, device: picture.device)).mul_(Along(keep));
        return near.AddInPlace(picture.index_select(dim, tensor(high, device: picture.device)).mul_(Along(take)));
    }
}
