// Training objectives (paper sections 3.2 and 3.3; reference: model/loss.py; spec section 6.3).

using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>Global similarity of both sides.</summary>
public static class GlobalSimilarity
{
    /// <summary>Cosines of texts [B, d] (rows) and videos [M, d] (columns): [B, M].</summary>
    public static Tensor Cosine(Tensor texts, Tensor videos)
    {
        using var scope = NewDisposeScope();
        return Unit(texts).matmul(Unit(videos).t()).MoveToOuterDisposeScope();
    }

    /// <summary>Cosines of each video [V, d] with K texts of its own [V, K, d]: [V, K].</summary>
    public static Tensor OwnCosine(Tensor videos, Tensor texts)
    {
        using var scope = NewDisposeScope();
        return (Unit(texts) * Unit(videos).unsqueeze(1)).sum(-1).MoveToOuterDisposeScope();
    }

    private static Tensor Unit(Tensor x) => x / x.norm(-1, keepdim: true).ClampMin(1e-8);
}

/// <summary>Symmetric InfoNCE: the diagonal of a similarity matrix against its rows and its columns, both summed.</summary>
/// <param name="Temperature">Divides the similarities.</param>
public sealed record NormSoftmaxLoss(double Temperature = 0.05)
{
    /// <summary>Similarities [B, M] to a scalar.</summary>
    public Tensor Compute(Tensor similarities)
    {
        using var scope = NewDisposeScope();
        var x = similarities.Div(Temperature);
        var rows = x.log_softmax(1).diagonal().mean();
        var columns = x.log_softmax(0).diagonal().mean();
        return rows.Add(columns).neg().MoveToOuterDisposeScope();
    }
}

/// <summary>Hinge on the difference between each pair's similarity and those of wrong pairs. Not used by any configuration of the paper.</summary>
/// <param name="Margin">Difference from which a wrong pair costs nothing.</param>
/// <param name="FixNorm">Leaves the pairs themselves out of the mean.</param>
public sealed record MaxMarginRankingLoss(double Margin = 1, bool FixNorm = true)
{
    /// <summary>Similarities [B, B] to a scalar.</summary>
    public Tensor Compute(Tensor similarities)
    {
        using var scope = NewDisposeScope();
        var diagonal = similarities.diagonal().unsqueeze(1);
        var rows = (similarities - diagonal).Add(Margin).relu();
        var columns = (similarities.t() - diagonal).Add(Margin).relu();
        var both = stack([rows, columns]);
        if (FixNorm)
        {
            var wrong = eye(similarities.shape[0], dtype: similarities.dtype, device: similarities.device).neg().Add(1);
            return ((both * wrong).sum() / wrong.sum().Mul(2)).MoveToOuterDisposeScope();
        }
        return both.mean().MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Region-word alignment loss: divergence of each video's distribution over the captions from its own caption and, unless padding follows the
/// published code, of each caption's over the videos from its own video; the mean of both, so that its weight beside the global loss is the published one.
/// </summary>
/// <param name="Alignment">Gives the similarities.</param>
public sealed record RWALoss(RegionWordAlignment Alignment)
{
    /// <summary>Regions and words as in <see cref="RegionWordAlignment.Similarity"/>, one caption per video, to a scalar.</summary>
    public Tensor Compute(Tensor regions, Tensor regionMask, Tensor words, Tensor? wordMask = null)
    {
        using var scope = NewDisposeScope();
        if (!is_grad_enabled() || !Alignment.NeedsBlocks(regions, words))
            return FromSimilarities(Alignment.Similarity(regions, regionMask, words, wordMask)).MoveToOuterDisposeScope();

        // The graph of a large batch would hold every pair of word and region several times over. Instead: the matrix without a graph, the loss's
        // gradient by the matrix, its gradients by both sides block by block, and a term that is worth nothing but has just these gradients.
        wordMask ??= zeros(words.shape[0], words.shape[1], words.dtype, words.device);
        Tensor similarities;
        using (no_grad()) similarities = Alignment.Similarity(regions, regionMask, words, wordMask);
        similarities.requires_grad_();
        var loss = FromSimilarities(similarities);
        loss.backward();
        var (byRegions, byWords) = Alignment.Gradients(regions, regionMask, words, wordMask, similarities.grad!);
        var slope = (regions * byRegions).sum().Add((words * byWords).sum());
        return (loss.detach().Add(slope) - slope.detach()).MoveToOuterDisposeScope();
    }

    /// <summary>Similarities [V, C] to a scalar.</summary>
    public Tensor FromSimilarities(Tensor similarities)
    {
        using var scope = NewDisposeScope();
        var logits = similarities.Mul(Alignment.Lambda); // (V, C)
        // The published code has this direction alone, though the paper speaks of both (decision 0010).
        return (Alignment.Padding == PaddingRule.Reference ? Divergence(logits) : Divergence(logits).Add(Divergence(logits.t())).Div(2)).MoveToOuterDisposeScope();
    }

    private static Tensor Divergence(Tensor logits)
    {
        var logTarget = eye(logits.shape[0], dtype: logits.dtype, device: logits.device).Add(1e-6).log();
        return (logits.softmax(1) * (logits.log_softmax(1) - logTarget)).sum(1).mean();
    }
}

/// <summary>The three numbers of a step.</summary>
/// <param name="Total">What is minimised.</param>
/// <param name="Global">InfoNCE of the global similarities, 0 if unused.</param>
/// <param name="Local">Region-word alignment, 0 if unused.</param>
public sealed record GlobalLocalLossValue(Tensor Total, Tensor Global, Tensor Local);

/// <summary>The paper's objective: <see cref="NormSoftmaxLoss"/> plus <see cref="RWALoss"/>.</summary>
/// <param name="Alignment">Gives the local similarities.</param>
/// <param name="Temperature">Of the global part.</param>
/// <param name="UseLocal">Adds the alignment loss.</param>
/// <param name="UseGlobal">Adds the global loss; without either part it is used all the same.</param>
public sealed record GlobalLocalLoss(RegionWordAlignment Alignment, double Temperature = 0.05, bool UseLocal = true, bool UseGlobal = true)
{
    /// <summary>The objective a model is trained with.</summary>
    public static GlobalLocalLoss For(ModelConfig config) => new(RegionWordAlignment.For(config), config.Temperature);

    /// <summary>Global similarities [B, B] (rows texts), regions [B, R, d] and words [B, L, d] with their masks (0 or -100).</summary>
    public GlobalLocalLossValue Compute(Tensor globalSimilarities, Tensor regions, Tensor regionMask, Tensor words, Tensor? wordMask = null)
    {
        var local = UseLocal ? new RWALoss(Alignment).Compute(regions, regionMask, words, wordMask) : null;
        return Sum(globalSimilarities, local);
    }

    /// <summary>Global similarities [B, B] (rows texts) and, unless they are not used, local ones [B, B] (rows videos).</summary>
    public GlobalLocalLossValue Compute(Tensor globalSimilarities, Tensor? localSimilarities) =>
        Sum(globalSimilarities, UseLocal ? new RWALoss(Alignment).FromSimilarities(localSimilarities ?? throw new ArgumentNullException(nameof(localSimilarities))) : null);

    /// <summary>The objective of a batch of pairs; <paramref name="attentionMask"/> is the tokens' [B, T].</summary>
    public GlobalLocalLossValue Compute(RelationOutput output, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var wordMask = TextInput.WordMask(attentionMask, output.LocalText.dtype);
        var loss = Compute(GlobalSimilarity.Cosine(output.GlobalText, output.GlobalObject), output.LocalObject, output.ObjectMask, output.LocalText, wordMask);
        loss.Total.MoveToOuterDisposeScope();
        loss.Global.MoveToOuterDisposeScope();
        loss.Local.MoveToOuterDisposeScope();
        return loss;
    }

    private GlobalLocalLossValue Sum(Tensor globalSimilarities, Tensor? local)
    {
        var zero = zeros(Array.Empty<long>(), globalSimilarities.dtype, globalSimilarities.device);
        var global = UseGlobal || !UseLocal ? new NormSoftmaxLoss(Temperature).Compute(globalSimilarities) : zero;
        return new GlobalLocalLossValue(global.Add(local ?? zero), global, local ?? zero);
    }
}
