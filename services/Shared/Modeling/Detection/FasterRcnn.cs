using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection;

/// <summary>
/// The bottom-up-attention detector (Anderson et al. 2018, "Bottom-Up and Top-Down Attention"): a Faster R-CNN on the res4 map of a
/// caffe-style ResNet, with an attribute predictor. Inference only. Field names are the checkpoint's keys (detectron2 / bottom-up-attention.pytorch).
/// </summary>
public sealed class FasterRcnn : Module
{
    private readonly ResNetC4 backbone;
    private readonly RegionProposalNetwork proposal_generator;
    private readonly RoiHeads roi_heads;

    /// <summary>A network whose weights are to be loaded, on the CPU.</summary>
    public FasterRcnn(DetectorConfig config) : base(nameof(FasterRcnn))
    {
        Config = config;
        backbone = new ResNetC4(config);
        proposal_generator = new RegionProposalNetwork(config);
        roi_heads = new RoiHeads(config);
        RegisterComponents();
        eval();
        Outlive();
    }

    /// <summary>The shape it was built with.</summary>
    public DetectorConfig Config { get; }

    /// <summary>Images to feature maps.</summary>
    public ResNetC4 Backbone => backbone;

    /// <summary>Feature maps to boxes.</summary>
    public RegionProposalNetwork ProposalGenerator => proposal_generator;

    /// <summary>Boxes to features, classes and attributes.</summary>
    public RoiHeads RoiHeads => roi_heads;

    /// <summary>Moves the network; what was built or loaded inside a dispose scope stays when the scope ends.</summary>
    public FasterRcnn MoveTo(Device device)
    {
        ModuleExtensionMethods.to(this, device);
        Outlive();
        return this;
    }

    /// <summary>Prepares for inference with weights that do not change any more: convolutions in <paramref name="type"/>, everything else in float32.</summary>
    public void Fold(ScalarType type)
    {
        foreach (var convolution in modules().OfType<NormConv2d>()) convolution.Fold(type);
    }

    private void Outlive()
    {
        foreach (var (_, tensor) in state_dict()) tensor.DetachFromDisposeScope();
    }
}
