// A pretrained image encoder as start of the video encoder (spec section 9.3; layout: timm 0.4.5 vision_transformer.py).

using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>
/// A timm ViT (<c>jx_vit_base_p16_224</c> in the paper), of which the video encoder takes <c>cls_token</c>, <c>blocks.*</c> and <c>norm.*</c>. Its patches,
/// positions and classifier are ignored: regions take the place of patches.
/// </summary>
public sealed class TimmVit
{
    private const string Part = "object_model.";
    private readonly string file;
    private readonly IReadOnlyDictionary<string, Tensor> weights;

    private TimmVit(string file, IReadOnlyDictionary<string, Tensor> weights, ObjectTransformerConfig config) => (this.file, this.weights, Config) = (file, weights, config);

    /// <summary>Width, depth and MLP of its blocks; all other sizes are the paper's.</summary>
    public ObjectTransformerConfig Config { get; }

    /// <summary>Reads a file (<c>.pth</c>, <c>.bin</c> or safetensors; the weights at its root or under <c>model</c> or <c>state_dict</c>). They belong to the current dispose scope.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c>, <c>safetensors-malformed</c>; <c>checkpoint-foreign</c>: no such transformer.</exception>
    public static TimmVit Open(string path, int headWidth = 64)
    {
        var weights = WeightFile.Load(path, "model", "state_dict");
        return new TimmVit(path, weights, CheckpointShapes.Blocks(weights, "", headWidth));
    }

    /// <summary>Copies its blocks into a network's video encoder; everything else of the network stays, the norms and layers of time attention too.</summary>
    /// <exception cref="ModelFormatException"><c>weights-mismatch</c>: a tensor of the blocks is missing, unknown or of another shape.</exception>
    public WeightReport LoadInto(Module network) => WeightTransfer.Load(network, file, weights, Target, Part, IsIts);

    private static string? Target(string key) =>
        key == "cls_token" || key.StartsWith("blocks.", StringComparison.Ordinal) || key.StartsWith("norm.", StringComparison.Ordinal) ? Part + key : null;

    private static bool IsIts(string parameter) => Target(parameter[Part.Length..]) is not null
        && !parameter.Contains(".norm3.", StringComparison.Ordinal) && !parameter.Contains(".timeattn.", StringComparison.Ordinal);
}
