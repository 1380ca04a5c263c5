using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class LossTests
{
    [Fact]
    public void MaskedRWALoss_CountsBothDirections_AndThePublishedOneOnlyVideosToCaptions()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (regions, words) = (randn(4, 5, 8), randn(4, 3, 8));
        var (regionMask, wordMask) = (zeros(4, 5), zeros(4, 3));
        // Without padding both rules have the same similarities, so that the losses differ by their directions alone.
        var similarities = new RegionWordAlignment(FocalType.Prob, PaddingRule.Reference).Similarity(regions, regionMask, words, wordMask);
        double Loss(PaddingRule padding) => new RWALoss(new(FocalType.Prob, padding)).Compute(regions, regionMask, words, wordMask).item<float>();
        var (videos, captions) = (Divergence(similarities, s => (s[0], s[1])), Divergence(similarities, s => (s[1], s[0])));

        Assert.NotEqual(videos, captions, 0.05);
        Assert.Equal(videos, Loss(PaddingRule.Reference), 1e-3);
        Assert.Equal((videos + captions) / 2, Loss(PaddingRule.Masked), 1e-3);
    }

    [Fact]
    public void MaskedRWALoss_WhenPaddedFurther_HasTheSameValueAndGradients()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var (regions, words) = (randn(3, 5, 8).requires_grad_(), randn(3, 4, 8).requires_grad_());
        var loss = new RWALoss(new(FocalType.Equal, PaddingRule.Masked));
        var value = loss.Compute(regions, zeros(3, 5), words, zeros(3, 4));
        value.backward();
        var (regionGradient, wordGradient) = (regions.grad!.clone(), words.grad!.clone());
        regions.grad!.zero_();
        words.grad!.zero_();

        var padded = loss.Compute(cat([regions, randn(3, 6, 8)], 1), cat([zeros(3, 5), full(3, 6, -100f)], 1), cat([words, randn(3, 7, 8)], 1), cat([zeros(3, 4), full(3, 7, -100f)], 1));
        padded.backward();

        Assert.Equal(value.item<float>(), padded.item<float>(), 1e-4);
        Assert.True((regionGradient - regions.grad!).abs().max().item<float>() < 1e-4 * Math.Max(1, regionGradient.abs().max().item<float>()));
        Assert.True((wordGradient - words.grad!).abs().max().item<float>() < 1e-4 * Math.Max(1, wordGradient.abs().max().item<float>()));
    }

    [Theory]
    [InlineData(FocalType.Equal, PaddingRule.Masked)]
    [InlineData(FocalType.Prob, PaddingRule.Masked)]
    [InlineData(FocalType.Equal, PaddingRule.Reference)]
    public void OwnSimilarity_OfVideosWithTextsOfTheirOwn_IsThatOfThePairsInTheWholeMatrix(FocalType focal, PaddingRule padding)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var (regions, words) = (randn(3, 5, 8), randn(3, 4, 6, 8));
        var (regionMask, wordMask) = (Padding(3, 5), Padding(12, 6).view(3, 4, 6));
        var alignment = new RegionWordAlignment(focal, padding);

        var own = alignment.OwnSimilarity(regions, regionMask, words, wordMask);

        var all = alignment.Similarity(regions, regionMask, words.flatten(0, 1), wordMask.flatten(0, 1)).view(3, 3, 4);
        Assert.True(own.allclose(all.diagonal(0, 0, 1).t(), 1e-4, 1e-5));
        var (videos, texts) = (randn(3, 8), randn(3, 4, 8));
        Assert.True(GlobalSimilarity.OwnCosine(videos, texts).allclose(GlobalSimilarity.Cosine(videos, texts.flatten(0, 1)).view(3, 3, 4).diagonal(0, 0, 1).t(), 1e-5, 1e-6));

        // The last of every second row is padding.
        static Tensor Padding(int rows, int columns) => tensor([.. Enumerable.Range(0, rows * columns).Select(i => i % columns == columns - 1 && i / columns % 2 == 1 ? -100f : 0f)]).view(rows, columns);
    }

    [Theory]
    [InlineData(1, 1, 0, 3)]
    [InlineData(1, 1, 3, 0)]
    [InlineData(0, 2, 3, 3)]
    [InlineData(2, 0, 3, 3)]
    public void Similarity_OfNothing_IsZeroOrEmpty(int videos, int captions, int regions, int words)
    {
        using var scope = NewDisposeScope();
        var similarities = new RegionWordAlignment(FocalType.Equal, PaddingRule.Masked).Similarity(randn(videos, regions, 8), zeros(videos, regions), randn(captions, words, 8));
        Assert.Equal([videos, captions], similarities.shape);
        Assert.Equal(0, similarities.abs().sum().item<float>());
    }

    /// <summary>The formula of the specification, element by element: rows are what is told apart, columns the candidates.</summary>
    private static double Divergence(Tensor similarities, Func<int[], (int Video, int Caption)> place)
    {
        var n = (int)similarities.shape[0];
        var total = 0.0;
        for (var i = 0; i < n; i++)
        {
            var logits = Enumerable.Range(0, n).Select(j => { var (v, c) = place([i, j]); return 20.0 * similarities[v, c].item<float>(); }).ToArray();
            var sum = logits.Sum(Math.Exp);
            for (var j = 0; j < n; j++) total += Math.Exp(logits[j]) / sum * (logits[j] - Math.Log(sum) - Math.Log((i == j ? 1 : 0) + 1e-6));
        }
        return total / n;
    }
}
