using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection.Training;

// R: sampled regions of a batch; K: classes with the background, which is class 0.

/// <summary>Regions of one image to learn from.</summary>
/// <param name="Boxes">[r, 4].</param>
/// <param name="Classes">[r], 0 is background.</param>
/// <param name="Attributes">[r], 0 for background.</param>
/// <param name="Targets">[r, 4]: the deltas to the object; 0 for background.</param>
public sealed record RegionSample(float[] Boxes, long[] Classes, long[] Attributes, float[] Targets);

/// <summary>
/// The loss of the region heads (Girshick 2015, "Fast R-CNN", section 2.3; attributes as in Anderson et al. 2018, section 3.1): class of
/// every sampled region, class-specific box and attribute of those that are objects.
/// </summary>
public static class FastRcnnLoss
{
    private const float Foreground = 0.5f;
    private const double ForegroundShare = 0.5, AttributeWeight = 0.5;
    private const int PerImage = 32;

    /// <summary>
    /// Units of dx, dy, dw, dh in which the box layer learns: what is usual for proposals (py-faster-rcnn's <c>BBOX_NORMALIZE_STDS</c>). After training
    /// the layer's weights are multiplied by them.
    /// </summary>
    public static IReadOnlyList<float> Deviations { get; } = [0.1f, 0.1f, 0.2f, 0.2f];

    /// <summary>
    /// Some of an image's proposals and its objects themselves: at most half of them overlap an object by half or more, the others are background.
    /// (A quarter in the paper, whose batches are larger: the classes are learnt from the objects alone.)
    /// </summary>
    /// <param name="proposals">[n, 4].</param>
    /// <param name="edges">[m, 4] in the same pixels.</param>
    /// <param name="objects">The m objects.</param>
    /// <param name="random">Which are sampled.</param>
    public static RegionSample Sample(float[] proposals, float[] edges, IReadOnlyList<LabelledBox> objects, Random random)
    {
        float[] boxes = [.. proposals, .. edges];
        var (best, overlap) = BoxMatching.Match(boxes, edges);
        List<int> foreground = [], background = [];
        for (var i = 0; i < best.Length; i++) (overlap[i] >= Foreground ? foreground : background).Add(i);
        foreground = BoxMatching.Some(foreground, (int)(PerImage * ForegroundShare), random);
        background = BoxMatching.Some(background, PerImage - foreground.Count, random);
        int[] chosen = [.. foreground, .. background];
        var targets = new float[chosen.Length * 4];
        for (var k = 0; k < foreground.Count; k++)
        {
            var i = foreground[k];
            (targets[4 * k], targets[4 * k + 1], targets[4 * k + 2], targets[4 * k + 3]) = BoxCodec.Encode(boxes.AsSpan(4 * i, 4), edges.AsSpan(4 * best[i], 4));
        }
        long[] Of(Func<LabelledBox, int> id) => [.. chosen.Select((i, k) => k < foreground.Count ? id(objects[best[i]]) + 1L : 0L)];
        return new([.. chosen.SelectMany(i => boxes.AsSpan(4 * i, 4).ToArray())], Of(o => o.ClassId), Of(o => o.AttributeId), targets);
    }

    /// <summary>Class (cross-entropy), box (smooth L1 over R) and attribute (cross-entropy, half weight) terms, scalars.</summary>
    /// <param name="predictions">Of all regions of all samples in order; deltas in units of <see cref="Deviations"/>.</param>
    /// <param name="samples">One for each image.</param>
    public static (Tensor Classes, Tensor Boxes, Tensor Attributes) Compute(RegionPredictions predictions, IReadOnlyList<RegionSample> samples)
    {
        using var scope = NewDisposeScope();
        var device = predictions.ClassLogits.device;
        var labels = samples.SelectMany(s => s.Classes).ToArray();
        var classes = functional.cross_entropy(predictions.ClassLogits, tensor(labels, device: device));
        var objects = labels.Index().Where(l => l.Item > 0).Select(l => (long)l.Index).ToArray();
        if (objects.Length == 0)
            return (classes.MoveToOuterDisposeScope(), predictions.BoxDeltas.sum().Mul(0L).MoveToOuterDisposeScope(), predictions.AttributeLogits.sum().Mul(0L).MoveToOuterDisposeScope());

        var rows = tensor(objects, device: device);
        var columns = tensor(objects.Select(i => labels[i] * 4).ToArray(), device: device).unsqueeze(1).Add(TensorNumbers.Arange(4, ScalarType.Int64, device));
        var targets = tensor(samples.SelectMany(s => s.Targets.Select((d, i) => d / Deviations[i % 4])).ToArray(), [labels.Length, 4L], device: device).index_select(0, rows);
        var boxes = functional.smooth_l1_loss(predictions.BoxDeltas.index_select(0, rows).gather(1, columns), targets, Reduction.Sum).Div(labels.Length);
        var attributes = functional.cross_entropy(predictions.AttributeLogits.index_select(0, rows),
            tensor(samples.SelectMany(s => s.Attributes).ToArray(), device: device).index_select(0, rows)).Mul(AttributeWeight);
        return (classes.MoveToOuterDisposeScope(), boxes.MoveToOuterDisposeScope(), attributes.MoveToOuterDisposeScope());
    }
}
