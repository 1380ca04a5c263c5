using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection.Training;

// B: images; A: anchors per cell; h, w: cells; N = h*w*A.

/// <summary>
/// The loss of the proposal network (Ren et al. 2015, "Faster R-CNN", section 3.1.2): whether each of some sampled anchors holds an object, and where
/// that lies.
/// </summary>
/// <remarks>
/// An anchor is about an object if it overlaps it by 0.7 or more, or more than any other anchor does; it is background if it overlaps none by 0.3.
/// 256 anchors of an image are sampled, at most half of them objects. The box term is a mean over the object anchors (the paper divides
/// by all: with few objects in a picture that leaves boxes far behind).
/// </remarks>
public static class RpnLoss
{
    private const float Foreground = 0.7f, Background = 0.3f;
    private const int PerImage = 256;
    private const double Beta = 1.0 / 9;

    /// <summary>Objectness (cross-entropy) and box (smooth L1) terms, scalars.</summary>
    /// <param name="logits">[B, 2A, h, w].</param>
    /// <param name="deltas">[B, 4A, h, w].</param>
    /// <param name="anchors">[N, 4] on the host.</param>
    /// <param name="objects">Edges [m, 4] of each image's objects, in pixels of the network's input.</param>
    /// <param name="random">Which anchors are sampled.</param>
    public static (Tensor Objectness, Tensor Boxes) Compute(Tensor logits, Tensor deltas, float[] anchors, IReadOnlyList<float[]> objects, Random random)
    {
        using var scope = NewDisposeScope();
        var n = anchors.Length / 4;
        List<long> sampled = [], labels = [], positive = [];
        List<float> targets = [];
        for (var b = 0; b < objects.Count; b++)
        {
            var (best, foreground, background) = Label(anchors, objects[b]);
            foreground = BoxMatching.Some(foreground, PerImage / 2, random);
            background = BoxMatching.Some(background, PerImage - foreground.Count, random);
            foreach (var i in foreground)
            {
                positive.Add(b * n + i);
                var (dx, dy, dw, dh) = BoxCodec.Encode(anchors.AsSpan(4 * i, 4), objects[b].AsSpan(4 * best[i], 4));
                targets.AddRange([dx, dy, dw, dh]);
            }
            sampled.AddRange(foreground.Concat(background).Select(i => (long)b * n + i));
            labels.AddRange(Enumerable.Repeat(1L, foreground.Count).Concat(Enumerable.Repeat(0L, background.Count)));
        }

        var (images, a) = (logits.shape[0], logits.shape[1] / 2);
        var pairs = logits.view(images, 2, a, logits.shape[2], logits.shape[3]).permute(0, 3, 4, 2, 1).reshape(-1, 2);
        var device = logits.device;
        var objectness = functional.cross_entropy(pairs.index_select(0, tensor(sampled.ToArray(), device: device)), tensor(labels.ToArray(), device: device));
        var boxes = positive.Count == 0 ? deltas.sum().Mul(0L) : functional.smooth_l1_loss(
            RegionProposalNetwork.Flatten(deltas, 4).view(-1, 4).index_select(0, tensor(positive.ToArray(), device: device)),
            tensor(targets.ToArray(), [positive.Count, 4L], device: device), Reduction.Sum, Beta).Div(positive.Count);
        return (objectness.MoveToOuterDisposeScope(), boxes.MoveToOuterDisposeScope());
    }

    /// <summary>For each anchor the object it is nearest to, and the anchors that count as object and as background.</summary>
    public static (int[] Object, List<int> Foreground, List<int> Background) Label(float[] anchors, float[] objects)
    {
        var (best, overlap) = BoxMatching.Match(anchors, objects);
        var most = new float[objects.Length / 4];
        for (var i = 0; i < best.Length; i++)
            for (var j = 0; j < most.Length; j++)
                most[j] = Math.Max(most[j], BoxMatching.Overlap(anchors.AsSpan(4 * i, 4), objects.AsSpan(4 * j, 4)));
        List<int> foreground = [], background = [];
        for (var i = 0; i < best.Length; i++)
        {
            var closest = overlap[i] > 0 && overlap[i] >= most[best[i]];
            if (closest || overlap[i] >= Foreground) foreground.Add(i);
            else if (overlap[i] < Background) background.Add(i);
        }
        return (best, foreground, background);
    }
}
