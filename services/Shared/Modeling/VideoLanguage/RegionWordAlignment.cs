// Region-word alignment, RWA (paper section 3.2; reference: xattn_score_fast; spec section 6.2).
// V: videos, C: captions, R: regions of a video, L: words of a caption, d: width. "Queries" attend to a "context".

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>
/// Similarity of videos and captions from their parts: each word attends to the regions and is compared with what it attends to, each region
/// likewise with the words. Regions [V, R, d] with mask [V, R] and words [C, L, d] with mask [C, L] (0 real, -100 padding) give [V, C] in [-2, 2].
/// </summary>
/// <param name="Focal">Which attention weights are kept.</param>
/// <param name="Padding">Whether padded words and regions count.</param>
/// <param name="Lambda">Inverse temperature of the attention.</param>
public sealed record RegionWordAlignment(FocalType Focal, PaddingRule Padding, double Lambda = 20)
{
    /// <summary>The alignment a model was trained with.</summary>
    public static RegionWordAlignment For(ModelConfig config) => new(config.FocalType, config.Padding, config.LambdaSoftmax);

    /// <summary>[V, C]: mean over the words plus mean over the regions. The reference's masks in float64 make its attention float64, as in its own training.</summary>
    /// <param name="regions">[V, R, d].</param>
    /// <param name="regionMask">[V, R], 0 or -100.</param>
    /// <param name="words">[C, L, d].</param>
    /// <param name="wordMask">[C, L], 0 or -100; all words count if it is left out.</param>
    public Tensor Similarity(Tensor regions, Tensor regionMask, Tensor words, Tensor? wordMask = null)
    {
        using var scope = NewDisposeScope();
        wordMask ??= zeros(words.shape[0], words.shape[1], words.dtype, words.device);
        var wordToRegion = Direction(words, wordMask, regions, regionMask); // (V, C)
        var regionToWord = Direction(regions, regionMask, words, wordMask); // (C, V)
        return (wordToRegion + regionToWord.t()).MoveToOuterDisposeScope();
    }

    /// <summary>The same matrix in blocks of videos and captions, for sets whose pairs do not fit the memory at once.</summary>
    public Tensor SimilarityInBlocks(Tensor regions, Tensor regionMask, Tensor words, Tensor? wordMask = null, int block = 8)
    {
        using var scope = NewDisposeScope();
        wordMask ??= zeros(words.shape[0], words.shape[1], words.dtype, words.device);
        var result = empty(regions.shape[0], words.shape[0], regions.dtype, regions.device);
        for (long v = 0; v < regions.shape[0]; v += block)
        {
            for (long c = 0; c < words.shape[0]; c += block)
            {
                using var inner = NewDisposeScope();
                var (rows, columns) = (Math.Min(block, regions.shape[0] - v), Math.Min(block, words.shape[0] - c));
                result.narrow(0, v, rows).narrow(1, c, columns).copy_(Similarity(
                    regions.narrow(0, v, rows), regionMask.narrow(0, v, rows), words.narrow(0, c, columns), wordMask.narrow(0, c, columns)));
            }
        }
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What words see: attention weights [V, C, L, R] (each row sums to 1) and contexts [V, C, L, d]. With the arguments exchanged, what regions see.
    /// </summary>
    public (Tensor Weights, Tensor Contexts) Attend(Tensor queries, Tensor queryMask, Tensor context, Tensor contextMask)
    {
        using var scope = NewDisposeScope();
        var (nq, lq, nc, s, d) = (queries.shape[0], queries.shape[1], context.shape[0], context.shape[1], queries.shape[2]);
        var unitContext = Unit(context);
        var cosines = unitContext.matmul(Unit(queries).reshape(nq * lq, d).t()); // (Nc, S, Nq*Lq)
        var scores = functional.leaky_relu(cosines, 0.1).view(nc, s, nq, lq).permute(0, 2, 3, 1); // (Nc, Nq, Lq, S)
        var weights = Padding == PaddingRule.Reference
            ? ReferenceWeights(scores, queryMask, contextMask)
            : MaskedWeights(scores, queryMask.eq(0), contextMask.eq(0));
        var contexts = weights.reshape(nc, nq * lq, s).bmm(unitContext).view(nc, nq, lq, d);
        return (weights.MoveToOuterDisposeScope(), contexts.MoveToOuterDisposeScope());
    }

    /// <summary>[Nc, Nq]: mean over the queries of the cosine between a query and its context.</summary>
    private Tensor Direction(Tensor queries, Tensor queryMask, Tensor context, Tensor contextMask)
    {
        using var scope = NewDisposeScope();
        var (_, contexts) = Attend(queries, queryMask, context, contextMask);
        var cosines = Cosine(queries.unsqueeze(0), contexts); // (Nc, Nq, Lq)
        if (Padding == PaddingRule.Reference) return cosines.mean([-1L]).MoveToOuterDisposeScope();
        var real = queryMask.eq(0).to_type(cosines.dtype);
        return ((cosines * real).sum(-1) / real.sum(-1).clamp_min(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Padding takes part as published: in the norm over the queries, in the length of the threshold, and as an additive offset only.</summary>
    private Tensor ReferenceWeights(Tensor scores, Tensor queryMask, Tensor contextMask)
    {
        var normalised = scores / (scores.pow(2).sum(2, keepdim: true).clamp_min(1e-24).sqrt() + 1e-8);
        var masked = normalised + queryMask.unsqueeze(0).unsqueeze(-1) + contextMask.unsqueeze(1).unsqueeze(1);
        var attention = (masked * Lambda).softmax(-1);
        if (Focal == FocalType.Equal)
        {
            var above = (attention * attention.shape[^1] - attention.sum(-1, keepdim: true)).gt(0);
            attention = above.to_type(attention.dtype) * attention;
        }
        return (attention / attention.sum(-1, keepdim: true)).to_type(scores.dtype);
    }

    /// <summary>Padding is left out everywhere; a caption or video with nothing real in it has weight and similarity 0.</summary>
    private Tensor MaskedWeights(Tensor scores, Tensor queries, Tensor contexts)
    {
        var realQueries = queries.unsqueeze(0).unsqueeze(-1).to_type(scores.dtype); // (1, Nq, Lq, 1)
        var realContexts = contexts.unsqueeze(1).unsqueeze(1).to_type(scores.dtype); // (Nc, 1, 1, S)
        var squares = (scores * realQueries).pow(2).sum(2, keepdim: true);
        var normalised = scores / (squares.clamp_min(1e-24).sqrt() + 1e-8);
        var attention = (normalised * Lambda).masked_fill(realContexts.eq(0), -1e9).softmax(-1) * realContexts;
        if (Focal == FocalType.Equal)
        {
            // A context of one, or of equals, is kept: the published filter would leave nothing and divide zero by zero.
            var above = (attention * realContexts.sum(-1, keepdim: true)).ge(1 - 1e-5);
            attention = above.to_type(attention.dtype) * attention;
        }
        return attention / attention.sum(-1, keepdim: true).clamp_min(1e-8);
    }

    private static Tensor Unit(Tensor x) => x / (Norm(x, keepdim: true) + 1e-8);

    private static Tensor Cosine(Tensor x, Tensor y) => (x * y).sum(-1) / (Norm(x) * Norm(y)).clamp_min(1e-8);

    /// <summary>Zero vectors occur (a shorter video's missing frames, or nothing to attend to); the bound gives their norm a gradient and changes no other.</summary>
    private static Tensor Norm(Tensor x, bool keepdim = false) => x.pow(2).sum(-1, keepdim: keepdim).clamp_min(1e-24).sqrt();
}
