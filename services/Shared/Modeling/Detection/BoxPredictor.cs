using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection;

// R: regions; D: feature; K: classes with the background, which is class 0; T: attributes with "none", which is attribute 0.

/// <summary>What the predictor says of R regions.</summary>
/// <param name="ClassLogits">[R, K].</param>
/// <param name="BoxDeltas">[R, 4K]: dx, dy, dw, dh of each class in turn.</param>
/// <param name="AttributeLogits">[R, T], given the most likely class (which may be the background).</param>
public sealed record RegionPredictions(Tensor ClassLogits, Tensor BoxDeltas, Tensor AttributeLogits);

/// <summary>Class, class-specific box and attribute of a region from its feature. The attribute layer also reads an embedding of the class.</summary>
public sealed class BoxPredictor : Module<Tensor, RegionPredictions>
{
    private readonly Linear cls_score;
    private readonly Linear bbox_pred;
    private readonly Embedding cls_embed;
    private readonly Linear attr_linear1;
    private readonly Linear attr_linear2;

    /// <summary>Widths from <paramref name="config"/>.</summary>
    public BoxPredictor(DetectorConfig config) : base(nameof(BoxPredictor))
    {
        cls_score = Linear(config.FeatureDim, config.NumClasses);
        bbox_pred = Linear(config.FeatureDim, config.NumClasses * 4L);
        cls_embed = Embedding(config.NumClasses, config.EmbedDim);
        attr_linear1 = Linear(config.FeatureDim + config.EmbedDim, config.AttrHidden);
        attr_linear2 = Linear(config.AttrHidden, config.NumAttrs);
        RegisterComponents();
    }

    /// <summary>Multiplies all box deltas by <paramref name="units"/> (of dx, dy, dw, dh) from now on.</summary>
    public void ScaleBoxes(IReadOnlyList<float> units)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var factors = tensor(units.ToArray(), device: bbox_pred.weight!.device).repeat(bbox_pred.weight.shape[0] / 4);
        bbox_pred.weight.mul_(factors.unsqueeze(1));
        bbox_pred.bias!.mul_(factors);
    }

    /// <summary>features [R, D].</summary>
    public override RegionPredictions forward(Tensor features)
    {
        using var scope = NewDisposeScope();
        var logits = Classes(features);
        return new RegionPredictions(logits.MoveToOuterDisposeScope(), Boxes(features).MoveToOuterDisposeScope(), Attributes(features, logits.argmax(1)).MoveToOuterDisposeScope());
    }

    /// <summary>features [R, D] to class logits [R, K]: what has to be known of every region.</summary>
    public Tensor Classes(Tensor features) => cls_score.call(features);

    /// <summary>features [R, D] to deltas [R, 4K].</summary>
    public Tensor Boxes(Tensor features) => bbox_pred.call(features);

    /// <summary>features [R, D] and the most likely classes [R] to attribute logits [R, T].</summary>
    public Tensor Attributes(Tensor features, Tensor classes)
    {
        using var scope = NewDisposeScope();
        var described = cat([features, cls_embed.call(classes)], dim: 1);
        return attr_linear2.call(attr_linear1.call(described).relu_()).MoveToOuterDisposeScope();
    }
}
