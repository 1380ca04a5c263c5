using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>In which type the large matrix products of both encoders are computed.</summary>
public enum ComputePrecision
{
    /// <summary>float32, as the paper.</summary>
    Float32,

    /// <summary>bfloat16 products with float32 sums; everything between them (residuals, normalisation, attention, heads, losses) stays float32.</summary>
    BFloat16,
}

/// <summary>
/// What torch.autocast does in PyTorch (TorchSharp has none): inside an enabled region the encoders' linear layers compute in bfloat16 from their
/// float32 master weights, forward and backward; gradients arrive in float32.
/// </summary>
internal static class Autocast
{
    [ThreadStatic]
    private static bool enabled;

    /// <summary>Sets the calling thread's precision until disposed.</summary>
    internal static Region Use(ComputePrecision precision)
    {
        var region = new Region(enabled);
        enabled = precision == ComputePrecision.BFloat16;
        return region;
    }

    /// <summary>The layer's product in the region's precision, or in bfloat16 if its weights are; the result has the type of <paramref name="x"/> [B, ..., I].</summary>
    internal static Tensor Linear(Linear layer, Tensor x)
    {
        if (!enabled && layer.weight.dtype == x.dtype) return PointwiseConvolution.IsFaster(layer, x) ? PointwiseConvolution.Linear(layer, x) : layer.call(x);
        using var scope = NewDisposeScope();
        var type = enabled ? ScalarType.BFloat16 : layer.weight.dtype;
        return functional.linear(x.to_type(type), layer.weight.to_type(type), layer.bias?.to_type(type)).to_type(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Turns the weights of the video encoder's perceptrons into bfloat16 for good, for inference only: half of the work. Its attention, and the text encoder, stay as they are: most of the
    /// error would be theirs, and other videos would come first (decision 0016).
    /// </summary>
    internal static void ConvertWeights(Module network)
    {
        foreach (var (name, module) in network.named_modules())
            if (module is Linear linear && name.Contains(".mlp.", StringComparison.Ordinal)) linear.to(ScalarType.BFloat16);
    }

    /// <summary>Restores what was before.</summary>
    internal readonly struct Region(bool previous) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => enabled = previous;
    }
}
