// Region-word alignment, RWA (paper section 3.2; reference: xattn_score_fast; spec section 6.2).
// V: videos, C: captions, R: regions of a video, L: words of a caption, d: width. "Queries" attend to a "context".

using static TorchSharp.torch;

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
    /// <summary>Pairs of a word and a region that are looked at together: what bounds the memory, about ten such tensors at a time.</summary>
    public long BlockElements { get; init; } = 8 << 20;

    /// <summary>The alignment a model was trained with.</summary>
    public static RegionWordAlignment For(ModelConfig config) => new(config.FocalType, config.Padding, config.LambdaSoftmax);

    /// <summary>
    /// [V, C]: mean over the words plus mean over the regions, computed in blocks of pairs (<see cref="BlockElements"/>). The reference's masks in
    /// float64 make its attention float64, as in its own training.
    /// </summary>
    /// <param name="regions">[V, R, d].</param>
    /// <param name="regionMask">[V, R], 0 or -100.</param>
    /// <param name="words">[C, L, d].</param>
    /// <param name="wordMask">[C, L], 0 or -100; all words count if it is left out.</param>
    public Tensor Similarity(Tensor regions, Tensor regionMask, Tensor words, Tensor? wordMask = null)
    {
        using var scope = NewDisposeScope();
        wordMask ??= NoMask(words);
        if (regions.shape[0] == 0 || words.shape[0] == 0) return zeros(regions.shape[0], words.shape[0], regions.dtype, regions.device).MoveToOuterDisposeScope();
        var rows = Blocks(regions, words).GroupBy(b => b.Video)
            .Select(row => cat([.. row.Select(b => Pairs(b.Regions(regions), b.Regions(regionMask), b.Words(words), b.Words(wordMask)))], 1));
        return cat([.. rows], 0).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// [V, K]: each video with K texts of its own (multiple choice); the same numbers as <see cref="Similarity"/>, without the pairs that nobody asks for.
    /// </summary>
    /// <param name="regions">[V, R, d].</param>
    /// <param name="regionMask">[V, R], 0 or -100.</param>
    /// <param name="words">[V, K, L, d].</param>
    /// <param name="wordMask">[V, K, L], 0 or -100.</param>
    public Tensor OwnSimilarity(Tensor regions, Tensor regionMask, Tensor words, Tensor wordMask)
    {
        using var scope = NewDisposeScope();
        if (Padding == PaddingRule.Reference)
        {
            var rows = Enumerable.Range(0, (int)regions.shape[0]).Select(i => Pairs(regions.narrow(0, i, 1), regionMask.narrow(0, i, 1), words[i], wordMask[i]));
            return cat([.. rows], 0).MoveToOuterDisposeScope();
        }
        var (v, k, l, r) = (words.shape[0], words.shape[1], words.shape[2], regions.shape[1]);
        var (realRegions, realWords) = (Real(regionMask), Real(wordMask));
        var (unitRegions, unitWords) = (Unit(regions) * realRegions.unsqueeze(-1), Unit(words) * realWords.unsqueeze(-1));
        var cosines = unitWords.flatten(1, 2).bmm(unitRegions.transpose(1, 2)).view(v, k, l, r);
        var wordToRegion = MeanCosine(cosines, realWords.sum(-1), unitRegions, regionMask);
        var regionToWord = MeanCosine(cosines.transpose(2, 3).reshape(v * k, 1, r, l), realRegions.sum(-1).repeat_interleave(k).unsqueeze(1), unitWords.flatten(0, 1), wordMask.flatten(0, 1));
        return wordToRegion.Add(regionToWord.view(v, k)).MoveToOuterDisposeScope();
    }

    /// <summary>Whether <see cref="Similarity"/> needs more than one block; then its gradient should not keep what each block computed.</summary>
    internal bool NeedsBlocks(Tensor regions, Tensor words) => Blocks(regions, words).Skip(1).Any();

    /// <summary>
    /// Gradients of <c>sum(outputGradient * Similarity(...))</c> by regions and words, block by block: each block's attention is computed a second time
    /// instead of being kept, so that memory does not grow with the batch.
    /// </summary>
    internal (Tensor Regions, Tensor Words) Gradients(Tensor regions, Tensor regionMask, Tensor words, Tensor wordMask, Tensor outputGradient)
    {
        using var scope = NewDisposeScope();
        using var gradient = enable_grad();
        var (regionLeaf, wordLeaf) = (regions.detach().requires_grad_(), words.detach().requires_grad_());
        foreach (var block in Blocks(regions, words))
        {
            using var inner = NewDisposeScope();
            var pairs = Pairs(block.Regions(regionLeaf), block.Regions(regionMask), block.Words(wordLeaf), block.Words(wordMask));
            (pairs * block.Words(block.Regions(outputGradient), 1)).sum().backward();
        }
        return (regionLeaf.grad!.MoveToOuterDisposeScope(), wordLeaf.grad!.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// What words see: attention weights [V, C, L, R] (each row sums to 1) and contexts [V, C, L, d]. With the arguments exchanged, what regions see.
    /// </summary>
    public (Tensor Weights, Tensor Contexts) Attend(Tensor queries, Tensor queryMask, Tensor context, Tensor contextMask)
    {
        using var scope = NewDisposeScope();
        var (nq, lq, nc, s, d) = (queries.shape[0], queries.shape[1], context.shape[0], context.shape[1], queries.shape[2]);
        var unitContext = Unit(context);
        var cosines = Unit(queries).reshape(nq * lq, d).matmul(unitContext.transpose(1, 2)).view(nc, nq, lq, s);
        var weights = Padding == PaddingRule.Reference
            ? ReferenceWeights(cosines.LeakyRelu(0.1), queryMask, contextMask)
            : MaskedWeights(cosines * Real(queryMask).view(1, nq, lq, 1), contextMask);
        if (Padding == PaddingRule.Masked) weights = weights / weights.sum(-1, keepdim: true).ClampMin(1e-8);
        var contexts = weights.view(nc, nq * lq, s).bmm(unitContext).view(nc, nq, lq, d);
        return (weights.MoveToOuterDisposeScope(), contexts.MoveToOuterDisposeScope());
    }

    /// <summary>[V, C] of one block.</summary>
    private Tensor Pairs(Tensor regions, Tensor regionMask, Tensor words, Tensor wordMask)
    {
        using var scope = NewDisposeScope();
        Tensor wordToRegion, regionToWord; // (V, C), (C, V)
        if (Padding == PaddingRule.Reference)
        {
            wordToRegion = ReferenceDirection(words, wordMask, regions, regionMask);
            regionToWord = ReferenceDirection(regions, regionMask, words, wordMask);
        }
        else
        {
            // Padding becomes the zero vector: then it adds to no norm, no context and no sum.
            var (unitRegions, unitWords) = (Unit(regions) * Real(regionMask).unsqueeze(-1), Unit(words) * Real(wordMask).unsqueeze(-1));
            wordToRegion = MaskedDirection(unitWords, wordMask, unitRegions, regionMask);
            regionToWord = MaskedDirection(unitRegions, regionMask, unitWords, wordMask);
        }
        return wordToRegion.Add(regionToWord.t()).MoveToOuterDisposeScope();
    }

    /// <summary>[Nc, Nq]: mean over the queries of the cosine between a query and its context, padding included.</summary>
    private Tensor ReferenceDirection(Tensor queries, Tensor queryMask, Tensor context, Tensor contextMask)
    {
        using var scope = NewDisposeScope();
        var (_, contexts) = Attend(queries, queryMask, context, contextMask);
        var norms = Norm(queries).unsqueeze(0) * Norm(contexts);
        return ((queries.unsqueeze(0) * contexts).sum(-1) / norms.ClampMin(1e-8)).mean([-1L]).MoveToOuterDisposeScope();
    }

    /// <summary>Padding takes part as published: in the norm over the queries, in the length of the threshold, and as an additive offset only.</summary>
    private Tensor ReferenceWeights(Tensor scores, Tensor queryMask, Tensor contextMask)
    {
        var normalised = scores / scores.Square().sum(2, keepdim: true).ClampMin(1e-24).sqrt().Add(1e-8);
        var masked = normalised.Add(queryMask.unsqueeze(0).unsqueeze(-1)).Add(contextMask.unsqueeze(1).unsqueeze(1));
        var attention = masked.Mul(Lambda).softmax(-1);
        if (Focal == FocalType.Equal)
        {
            var above = (attention.Mul(attention.shape[^1]) - attention.sum(-1, keepdim: true)).Gt(0);
            attention = above.to_type(attention.dtype) * attention;
        }
        return (attention / attention.sum(-1, keepdim: true)).to_type(scores.dtype);
    }

    /// <summary>[Nc, Nq]: mean over the real queries, from unit vectors that are zero for padding.</summary>
    private Tensor MaskedDirection(Tensor queries, Tensor queryMask, Tensor context, Tensor contextMask)
    {
        using var scope = NewDisposeScope();
        var (nq, lq, nc, s, d) = (queries.shape[0], queries.shape[1], context.shape[0], context.shape[1], queries.shape[2]);
        var cosines = queries.reshape(nq * lq, d).matmul(context.transpose(1, 2)).view(nc, nq, lq, s);
        return MeanCosine(cosines, Real(queryMask).sum(-1), context, contextMask).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// [Nc, Nq] from cosines [Nc, Nq, Lq, S] of queries and context and the number of real queries (broadcast to [Nc, Nq]). The contexts w = sum_k a_k c_k are never
    /// written out: with the cosines s_k = q.c_k and the Gram matrix G of the c_k, q.w = sum_k a_k s_k and |w|^2 = a.G.a, and the sum of the weights cancels in the cosine.
    /// </summary>
    private Tensor MeanCosine(Tensor cosines, Tensor queries, Tensor context, Tensor contextMask)
    {
        var (nc, nq, lq, s) = (cosines.shape[0], cosines.shape[1], cosines.shape[2], cosines.shape[3]);
        var weights = MaskedWeights(cosines, contextMask).view(nc, nq * lq, s);
        var products = (weights * cosines.view(nc, nq * lq, s)).sum(-1);
        var lengths = (weights.bmm(context.bmm(context.transpose(1, 2))) * weights).sum(-1).ClampMin(1e-16).sqrt();
        var similarities = (products / lengths).view(nc, nq, lq); // Zero for a padded query: its cosines are.
        return similarities.sum(-1) / queries.ClampMin(1);
    }

    /// <summary>
    /// [Nc, Nq, Lq, S], not normalised: softmax over the real contexts without the weights below average. Padded queries have only zeros as cosines;
    /// the rows of a context without anything real mean nothing and meet only zero vectors.
    /// </summary>
    private Tensor MaskedWeights(Tensor cosines, Tensor contextMask)
    {
        var scores = cosines.LeakyRelu(0.1);
        var scale = scores.Square().sum(2, keepdim: true).ClampMin(1e-24).sqrt().Add(1e-8).reciprocal().Mul(Lambda); // (Nc, Nq, 1, S): over the queries
        var real = Real(contextMask);
        var attention = (scores * scale).Add(real.Sub(1).Mul(1e9).view(real.shape[0], 1, 1, -1)).softmax(-1);
        if (Focal != FocalType.Equal) return attention * real.view(real.shape[0], 1, 1, -1);
        // A context of one, or of equals, is kept: the published filter would leave nothing and divide zero by zero.
        var average = real.sum(-1).ClampMin(1).view(-1, 1, 1, 1).reciprocal().Mul(1 - 1e-5);
        return attention * attention.ge(average);
    }

    private static Tensor NoMask(Tensor words) => zeros(words.shape[0], words.shape[1], words.dtype, words.device);

    private static Tensor Real(Tensor mask) => mask.Eq(0).to_type(ScalarType.Float32);

    private static Tensor Unit(Tensor x) => x / Norm(x, keepdim: true).Add(1e-8);

    /// <summary>Zero vectors occur (a shorter video's missing frames, or nothing to attend to); the bound gives their norm a gradient and changes no other.</summary>
    private static Tensor Norm(Tensor x, bool keepdim = false) => x.Square().sum(-1, keepdim: keepdim).ClampMin(1e-24).sqrt();

    /// <summary>Some videos with some captions.</summary>
    private readonly record struct Block(long Video, long Videos, long Caption, long Captions)
    {
        internal Tensor Regions(Tensor x) => x.narrow(0, Video, Videos);

        internal Tensor Words(Tensor x, int dimension = 0) => x.narrow(dimension, Caption, Captions);
    }

    private IEnumerable<Block> Blocks(Tensor regions, Tensor words)
    {
        var (v, c, pair) = (regions.shape[0], words.shape[0], Math.Max(1, regions.shape[1] * words.shape[1]));
        // As square as it gets: both sides are read once for each block of the other.
        var pairs = Math.Max(1, BlockElements / pair);
        var videos = Math.Min(v, Math.Max((long)Math.Sqrt(pairs), pairs / Math.Max(1, c)));
        var captions = Math.Min(c, Math.Max(1, pairs / Math.Max(1, videos)));
        for (long i = 0; i < v; i += videos)
            for (long j = 0; j < c; j += captions)
                yield return new Block(i, Math.Min(videos, v - i), j, Math.Min(captions, c - j));
    }
}
