using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// R: regions; P: cells per side of the pooled grid; C, h, w: channels and cells of the map; boxes in pixels, 16 of them a cell.

/// <summary>
/// Mean of bilinear samples in P x P bins (Mask R-CNN; torchvision's <c>roi_align</c>), for checkpoints trained with it.
/// </summary>
/// <remarks>
/// Sampling is linear and separable: the result is Wy (map) Wxᵀ, where row p of Wy [P, h] holds how much each row of the map counts in bin
/// row p. The small matrices are made on the host, and the work is two matrix products.
/// </remarks>
public static class RoiAlign
{
    private const float Scale = 1f / 16;

    /// <summary>map [1, C, h, w] and host boxes [R, 4] to [R, C, P, P] (float32, strided channels-last).</summary>
    /// <param name="map">The feature map, of any type.</param>
    /// <param name="boxes">[R, 4].</param>
    /// <param name="size">P.</param>
    /// <param name="samplingRatio">Samples per bin side; 0: as many as the bin has cells.</param>
    /// <param name="aligned">Whether the half pixel of the pixel-centre convention is taken off.</param>
    public static Tensor Apply(Tensor map, ReadOnlySpan<float> boxes, int size, int samplingRatio, bool aligned)
    {
        using var scope = NewDisposeScope();
        long r = boxes.Length / 4, c = map.shape[1], h = map.shape[2], w = map.shape[3];
        var wy = tensor(Weights(boxes, 1, size, (int)h, samplingRatio, aligned), [r * size, h], device: map.device);
        var wx = tensor(Weights(boxes, 0, size, (int)w, samplingRatio, aligned), [r, 1, size, w], device: map.device);
        var rows = map.squeeze(0).permute(1, 2, 0).reshape(h, w * c).to_type(ScalarType.Float32); // The weights are exact, whatever the map is.
        var pooled = wx.matmul(wy.matmul(rows).view(r, size, w, c)); // [R, P, P, C]
        return pooled.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    // [R, P, cells]: weight of each cell in each bin along one axis.
    private static float[] Weights(ReadOnlySpan<float> boxes, int axis, int size, int cells, int samplingRatio, bool aligned)
    {
        var r = boxes.Length / 4;
        var weights = new float[r * size * cells];
        for (var i = 0; i < r; i++)
        {
            var shift = aligned ? 0.5f : 0f;
            var start = boxes[4 * i + axis] * Scale - shift;
            var extent = boxes[4 * i + axis + 2] * Scale - shift - start;
            if (!aligned) extent = Math.Max(extent, 1f);
            var bin = extent / size;
            // More samples than this change nothing that anyone could measure, but a box of any size may come from outside.
            var samples = samplingRatio > 0 ? samplingRatio : (int)Math.Min(MathF.Ceiling(extent / size), 4096f);
            for (var p = 0; p < size; p++)
            {
                var row = weights.AsSpan((i * size + p) * cells, cells);
                for (var s = 0; s < samples; s++)
                    AddSample(row, start + p * bin + (s + 0.5f) * bin / samples, 1f / samples);
            }
        }
        return weights;
    }

    private static void AddSample(Span<float> row, float position, float weight)
    {
        if (!(position >= -1f && position <= row.Length)) return;
        position = Math.Max(position, 0f);
        var low = (int)position;
        if (low >= row.Length - 1)
        {
            row[^1] += weight;
            return;
        }
        var fraction = position - low;
        row[low] += weight * (1f - fraction);
        row[low + 1] += weight * fraction;
    }
}
