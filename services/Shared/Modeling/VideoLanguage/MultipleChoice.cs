// Multiple choice by the retrieval model (paper section 4.3; spec section 5.3). K: options.

using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>How well each option describes a video.</summary>
/// <param name="Scores">[K]: cosine of option and video plus their region-word alignment. The largest is the answer.</param>
/// <param name="ReferenceCompatible">[K]: what the published code adds up. Its cosine is that of option 0 throughout, so the alignment alone decides.</param>
public sealed record MultipleChoiceScores(Tensor Scores, Tensor ReferenceCompatible);

/// <summary>Multiple choice needs no training: the options compete as captions of the video.</summary>
public static class MultipleChoice
{
    /// <summary>Option tokens [K, T] with mask, one video [1, F, N, I+6] with mask [1, F, N].</summary>
    public static MultipleChoiceScores Score(IObjectRelation model, ModelConfig config, Tensor inputIds, Tensor attentionMask, Tensor objects, Tensor objectMask)
    {
        using var scope = NewDisposeScope();
        var text = model.EncodeText(inputIds, attentionMask);
        var (tokens, mask) = model.EncodeObjects(objects, objectMask);
        var global = GlobalSimilarity.Cosine(text.select(1, 0), tokens.select(1, 0)).squeeze(1); // (K)
        var words = text.narrow(1, 1, text.shape[1] - 1);
        var wordMask = attentionMask.narrow(1, 1, words.shape[1]).to_type(words.dtype).Sub(1).Mul(100);
        var regions = tokens.shape[1] - 1;
        var local = RegionWordAlignment.For(config).Similarity(tokens.narrow(1, 1, regions), mask.narrow(1, 1, regions), words, wordMask).squeeze(0); // (K)
        return new MultipleChoiceScores(global.Add(local).MoveToOuterDisposeScope(), global[0].Add(local).MoveToOuterDisposeScope());
    }
}
