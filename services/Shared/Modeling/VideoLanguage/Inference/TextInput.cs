using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>Texts of a batch as the encoder takes them: cut to the model's length, padded to one length.</summary>
internal static class TextInput
{
    /// <summary>Token ids and mask, each [B, T] (int64): T is the longest text's length, or always the maximum under <see cref="PaddingRule.Reference"/>.</summary>
    internal static (Tensor Ids, Tensor Mask) Stack(IReadOnlyList<IReadOnlyList<int>> texts, ModelConfig config, Device device)
    {
        var longest = texts.Max(t => Math.Min(t.Count, config.MaxTextLength));
        var length = config.Padding == PaddingRule.Reference ? config.MaxTextLength : longest;
        var ids = new long[texts.Count * length];
        var mask = new long[texts.Count * length];
        Array.Fill(ids, config.TextConfig.PadTokenId);
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts[i].Count < 2) throw new ArgumentException("A text has at least [CLS] and [SEP].", nameof(texts));
            for (var t = 0; t < Math.Min(texts[i].Count, length); t++)
            {
                // A cut text keeps its end mark: the last token, [SEP], takes the place of the last that fits.
                var id = t == length - 1 ? texts[i][^1] : texts[i][t];
                if (id < 0 || id >= config.TextConfig.VocabSize) throw new ArgumentException($"Token {id} is not in the model's vocabulary of {config.TextConfig.VocabSize}.", nameof(texts));
                (ids[i * length + t], mask[i * length + t]) = (id, 1);
            }
        }
        return (tensor(ids, [texts.Count, length], device: device), tensor(mask, [texts.Count, length], device: device));
    }

    /// <summary>From a mask of tokens [B, T] (1 or 0) the additive one of all but [CLS], [B, T-1]: 0 for words, -100 for padding.</summary>
    internal static Tensor WordMask(Tensor mask, ScalarType type) => mask.narrow(1, 1, mask.shape[1] - 1).to_type(type).Sub(1).Mul(100);
}
