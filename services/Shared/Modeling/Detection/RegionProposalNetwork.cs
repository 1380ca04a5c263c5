using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection;

// B: images of one size; h, w: cells of the res4 map; A: anchors per cell; N = h*w*A, in that order (A fastest);
// k: candidates; boxes are x1, y1, x2, y2 in pixels of the network's input.

/// <summary>Whether each anchor holds something, and where that lies relative to it.</summary>
public sealed class RpnHead : Module<Tensor, (Tensor Logits, Tensor Deltas)>
{
    private readonly Conv2d conv;
    private readonly Conv2d objectness_logits;
    private readonly Conv2d anchor_deltas;

    /// <summary>Widths from <paramref name="config"/>.</summary>
    public RpnHead(DetectorConfig config) : base(nameof(RpnHead))
    {
        conv = Conv2d(config.MapChannels, config.RpnHidden, 3, padding: 1);
        objectness_logits = Conv2d(config.RpnHidden, config.AnchorsPerCell * 2, 1);
        anchor_deltas = Conv2d(config.RpnHidden, config.AnchorsPerCell * 4, 1);
        RegisterComponents();
    }

    /// <summary>[B, C4, h, w] to logits [B, 2A, h, w] (background of all anchors, then foreground) and deltas [B, 4A, h, w].</summary>
    public override (Tensor Logits, Tensor Deltas) forward(Tensor map)
    {
        using var scope = NewDisposeScope();
        var hidden = functional.conv2d(map, conv.weight.to_type(map.dtype), conv.bias!.to_type(map.dtype), [1L, 1L], [1L, 1L]).relu_().to_type(ScalarType.Float32);
        return (objectness_logits.call(hidden).MoveToOuterDisposeScope(), anchor_deltas.call(hidden).MoveToOuterDisposeScope());
    }
}

/// <summary>Proposals of one image in host memory, in descending order of score.</summary>
/// <param name="Boxes">[R, 4] row by row, pixels of the network's input.</param>
/// <param name="Scores">[R]: probability that the box holds something.</param>
public sealed record Proposals(float[] Boxes, float[] Scores)
{
    /// <summary>R.</summary>
    public int Count => Scores.Length;
}

/// <summary>Picks the boxes worth describing.</summary>
public sealed class RegionProposalNetwork : Module
{
    private readonly AnchorGenerator anchor_generator;
    private readonly RpnHead rpn_head;
    private readonly DetectorConfig config;

    /// <summary>Shape and limits from <paramref name="config"/>.</summary>
    public RegionProposalNetwork(DetectorConfig config) : base(nameof(RegionProposalNetwork))
    {
        this.config = config;
        anchor_generator = new AnchorGenerator(config);
        rpn_head = new RpnHead(config);
        RegisterComponents();
    }

    /// <summary>Whether boxes are suppressed on the host, which is faster where the host is the device.</summary>
    public bool OnHost { get; set; } = true;

    /// <summary>The head's raw outputs for a map.</summary>
    public RpnHead Head => rpn_head;

    /// <summary>The reference boxes.</summary>
    public AnchorGenerator Anchors => anchor_generator;

    /// <summary>map [B, C4, h, w] of images resized to height x width by <paramref name="scale"/>: the proposals of each image, at least one.</summary>
    public Proposals[] Propose(Tensor map, int height, int width, double scale)
    {
        using var scope = NewDisposeScope();
        var (logits, deltas) = rpn_head.call(map);
        return Propose(logits, deltas, height, width, scale);
    }

    /// <summary>The same from what the head said of the map: logits [B, 2A, h, w] and deltas [B, 4A, h, w].</summary>
    public Proposals[] Propose(Tensor logits, Tensor deltas, int height, int width, double scale)
    {
        using var scope = NewDisposeScope();
        var boxes = Decode(anchor_generator.Grid(logits.shape[2], logits.shape[3]), Flatten(deltas, 4), height, width);
        var (candidates, scores, _) = Candidates(boxes, Foreground(logits), scale);
        return OnHost ? Select(candidates, scores, height, width) : [.. Enumerable.Range(0, (int)candidates.shape[0]).Select(b => SelectOnDevice(candidates[b], scores[b], height, width))];
    }

    /// <summary>Logits [B, 2A, h, w] to the probability of foreground [B, N]: the softmax over each anchor's pair.</summary>
    public static Tensor Foreground(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var (b, a) = (logits.shape[0], logits.shape[1] / 2);
        return logits.view(b, 2, a, logits.shape[2], logits.shape[3]).softmax(1).select(1, 1)
            .permute(0, 2, 3, 1).reshape(b, -1).MoveToOuterDisposeScope();
    }

    /// <summary>[B, A*c, h, w] with the c values of an anchor side by side, to [B, N, c].</summary>
    public static Tensor Flatten(Tensor values, int c)
    {
        using var scope = NewDisposeScope();
        var (b, a) = (values.shape[0], values.shape[1] / c);
        return values.view(b, a, c, values.shape[2], values.shape[3]).permute(0, 3, 4, 1, 2).reshape(b, -1, c).MoveToOuterDisposeScope();
    }

    /// <summary>anchors [N, 4] and deltas [B, N, 4] to boxes [B, N, 4] clipped to the image.</summary>
    public static Tensor Decode(Tensor anchors, Tensor deltas, int height, int width)
    {
        using var scope = NewDisposeScope();
        return BoxCodec.Clip(BoxCodec.Decode(anchors.unsqueeze(0), deltas), width - 1, height - 1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The best k boxes [B, k, 4] that are large enough in the original picture, their scores [B, k] in descending order and their
    /// indices [B, k] among the N. Where an image has fewer than k, the rest scores -1. Equal scores keep their order.
    /// </summary>
    public (Tensor Boxes, Tensor Scores, Tensor Indices) Candidates(Tensor boxes, Tensor foreground, double scale)
    {
        using var scope = NewDisposeScope();
        var k = Math.Min(config.PreNmsTopk, boxes.shape[1]);
        var valid = BoxCodec.IsLargeEnough(boxes, config.MinSize * scale);
        var (sorted, order) = foreground.MaskedFill(valid.logical_not(), -1).sort(1, descending: true, stable: true);
        var indices = order.narrow(1, 0, k);
        var best = boxes.gather(1, indices.unsqueeze(-1).expand(-1, -1, 4));
        return (best.MoveToOuterDisposeScope(), sorted.narrow(1, 0, k).contiguous().MoveToOuterDisposeScope(), indices.contiguous().MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Suppression among the candidates of each image. An image without any (all of it is smaller than the smallest proposal) has
    /// one proposal: the whole image, with score 0.
    /// </summary>
    private Proposals[] Select(Tensor candidates, Tensor scores, int height, int width)
    {
        var k = (int)candidates.shape[1];
        var allBoxes = candidates.cpu().data<float>().ToArray();
        var allScores = scores.cpu().data<float>().ToArray();
        var result = new Proposals[candidates.shape[0]];
        for (var b = 0; b < result.Length; b++)
        {
            var boxes = allBoxes.AsSpan(b * k * 4, k * 4);
            var image = allScores.AsSpan(b * k, k);
            // Scores descend, and a NaN stands first: it is no reason to look at the rest.
            var valid = 0;
            while (valid < k && image[valid] >= 0) valid++;
            var kept = NonMaximumSuppression.KeepSorted(boxes[..(valid * 4)], config.RpnNms, config.PostNmsTopk);
            if (kept.Length == 0)
            {
                result[b] = Whole(height, width);
                continue;
            }
            var (keptBoxes, keptScores) = (new float[kept.Length * 4], new float[kept.Length]);
            for (var i = 0; i < kept.Length; i++)
            {
                boxes.Slice(kept[i] * 4, 4).CopyTo(keptBoxes.AsSpan(i * 4));
                keptScores[i] = image[kept[i]];
            }
            result[b] = new Proposals(keptBoxes, keptScores);
        }
        return result;
    }

    // The same for the candidates [k, 4] of one image, where they are; only what is kept is copied.
    private Proposals SelectOnDevice(Tensor candidates, Tensor scores, int height, int width)
    {
        using var scope = NewDisposeScope();
        var valid = scores.Ge(0.0).to_type(ScalarType.Int64).cumprod(0, ScalarType.Int64).sum().item<long>();
        if (valid == 0) return Whole(height, width);
        var kept = TensorSuppression.KeepSorted(candidates.narrow(0, 0, valid), config.RpnNms, config.PostNmsTopk);
        return new Proposals(candidates.index_select(0, kept).cpu().data<float>().ToArray(), scores.index_select(0, kept).cpu().data<float>().ToArray());
    }

    private static Proposals Whole(int height, int width) => new([0, 0, width - 1, height - 1], [0]);
}
