using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>What the frames beyond a checkpoint's get as temporal embedding (spec section 9.2).</summary>
public enum TemporalFix
{
    /// <summary>Zeros; the published default for retrieval and multiple choice.</summary>
    Zeros,

    /// <summary>Linear interpolation over all frames; the published default for question answering.</summary>
    Bilinear,

    /// <summary>The nearest frame's.</summary>
    Interp,
}

/// <summary>Fits a checkpoint's temporal embeddings to another number of frames.</summary>
public static class TemporalEmbedding
{
    /// <summary>[1, F, D] to [1, frames, D]: the first ones of more, fewer ones as <paramref name="fix"/> says.</summary>
    public static Tensor Resize(Tensor embedding, int frames, TemporalFix fix)
    {
        using var scope = NewDisposeScope();
        var have = embedding.shape[1];
        var resized = have >= frames ? embedding.narrow(1, 0, frames).clone() : fix switch
        {
            TemporalFix.Zeros => cat([embedding, zeros([1, frames - have, embedding.shape[2]], embedding.dtype, embedding.device)], 1),
            TemporalFix.Bilinear => functional.interpolate(embedding.transpose(1, 2), size: [frames], mode: InterpolationMode.Linear, align_corners: false).transpose(1, 2).contiguous(),
            _ => functional.interpolate(embedding.transpose(1, 2), size: [frames], mode: InterpolationMode.Nearest).transpose(1, 2).contiguous(),
        };
        return resized.MoveToOuterDisposeScope();
    }

    /// <summary>Lets a network see all frames alike: how the published training begins beside a pretrained video encoder (spec section 9.3).</summary>
    internal static void Clear(Module network)
    {
        using var noGradient = no_grad();
        foreach (var (name, parameter) in ModelWeights.Of(network))
            if (name.EndsWith("temporal_embed", StringComparison.Ordinal)) parameter.FillInPlace(0);
    }
}
