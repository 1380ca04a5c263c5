using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class SimilarityGoldenTests
{
    private static RegionWordAlignment Published(FocalType focal = FocalType.Equal, double lambda = 20) => new(focal, PaddingRule.Reference, lambda);

    [Theory]
    [InlineData("04_xattn_sim_equal", FocalType.Equal)]
    [InlineData("04_xattn_sim_prob", FocalType.Prob)]
    public void Alignment_WhenCaptionsAndRegionsAreRagged_GivesThePublishedSimilarities(string name, FocalType focal)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        var (im, s, imMask, sMask) = (golden.In("im"), golden.In("s"), golden.In("im_mask"), golden.In("s_mask"));
        var alignment = Published(focal);

        golden.Check("sim", alignment.Similarity(im, imMask, s, sMask));
        golden.Check("sim_mask64", alignment.Similarity(im, imMask.to_type(ScalarType.Float64), s, sMask));
        golden.Check("sim_nocapmask_lambda9", Published(focal, 9).Similarity(im, imMask, s));
        golden.Check("ctx_word_to_region", alignment.Attend(s, sMask, im, imMask).Contexts);
        golden.Check("ctx_region_to_word", alignment.Attend(im, imMask, s, sMask).Contexts);
    }

    [Fact]
    public void Similarity_WhenThePairsDoNotFitOneBlock_EqualsTheWholeMatrix()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("04_sim_by_segment");
        var (im, s, imMask, sMask) = (golden.In("im"), golden.In("s"), golden.In("im_mask"), golden.In("s_mask"));
        var pair = im.shape[1] * s.shape[1];
        var whole = Published().Similarity(im, imMask, s, sMask);
        golden.Check("sim_full", whole);
        foreach (var pairs in new[] { 64, 9, 1 })
            Assert.True((whole - (Published() with { BlockElements = pairs * pair }).Similarity(im, imMask, s, sMask)).abs().max().item<float>() < 2e-5);
    }

    [Fact]
    public void Alignment_WhenSidesAreSingleOrFullyMasked_GivesThePublishedValues()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("04_rwa_edge_cases");
        var (im, s) = (golden.In("im"), golden.In("s"));
        var (noMask, noWordMask) = (zeros(4, 6), zeros(4, 5));
        var alignment = Published();
        golden.Check("unmasked", alignment.Similarity(im, noMask, s, noWordMask));
        golden.Check("one_video", alignment.Similarity(im.narrow(0, 0, 1), noMask.narrow(0, 0, 1), s, noWordMask).squeeze(0));
        golden.Check("one_caption", alignment.Similarity(im, noMask, s.narrow(0, 0, 1), noWordMask.narrow(0, 0, 1)).squeeze(1));
        golden.Check("one_one", alignment.Similarity(im.narrow(0, 0, 1), noMask.narrow(0, 0, 1), s.narrow(0, 0, 1), noWordMask.narrow(0, 0, 1)).squeeze());

        var masked = zeros(4, 6);
        masked[1].fill_(-100);
        golden.Check("video1_all_masked", alignment.Similarity(im, masked, s, noWordMask));
        var wordMask = zeros(4, 5);
        wordMask[2].narrow(0, 1, 4).fill_(-100);
        golden.Check("caption2_one_word", alignment.Similarity(im, noMask, s, wordMask));
    }

    [Theory]
    [InlineData("pad8", "")]
    [InlineData("pad14", "_padded14")]
    public void Alignment_WhenTextsArePaddedFurther_GivesThePublishedValuesOfThatLength(string output, string suffix)
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var golden = GoldenCase.Open("04_rwa_edge_cases");
        var model = golden.Load(new ObjectRelation(golden.ModelConfig()));
        var mask = golden.In("pad.attention_mask" + suffix);
        var pairs = model.call(golden.In("pad.input_ids" + suffix), mask, golden.In("pad.object"), golden.In("pad.object_mask"));
        var wordMask = (mask.narrow(1, 1, mask.shape[1] - 1).to_type(ScalarType.Float32) - 1) * 100;
        golden.Check(output + ".global_sim", GlobalSimilarity.Cosine(pairs.GlobalText, pairs.GlobalObject));
        golden.Check(output + ".local_sim", Published().Similarity(pairs.LocalObject, pairs.ObjectMask, pairs.LocalText, wordMask));
    }

    [Theory]
    [InlineData(FocalType.Equal)]
    [InlineData(FocalType.Prob)]
    public void MaskedAlignment_WhenPaddedFurther_DoesNotChange(FocalType focal)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("04_xattn_sim_equal");
        var (im, s, imMask, sMask) = (golden.In("im"), golden.In("s"), golden.In("im_mask"), golden.In("s_mask"));
        var alignment = new RegionWordAlignment(focal, PaddingRule.Masked);
        var short_ = alignment.Similarity(im, imMask, s, sMask);

        var longer = alignment.Similarity(cat([im, randn(4, 5, 16)], 1), cat([imMask, full(4, 5, -100f)], 1), cat([s, randn(6, 9, 16)], 1), cat([sMask, full(6, 9, -100f)], 1));

        Assert.True((short_ - longer).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    public void MaskedAlignment_WhenNothingIsPadded_IsThePublishedOne()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("04_rwa_edge_cases");
        golden.Check("unmasked", new RegionWordAlignment(FocalType.Equal, PaddingRule.Masked).Similarity(golden.In("im"), zeros(4, 6), golden.In("s"), zeros(4, 5)));
    }

    [Fact]
    public void MaskedAlignment_WhenThereIsOneWordOrNoRegion_StaysFiniteWithFiniteGradients()
    {
        using var scope = NewDisposeScope();
        var regions = randn(3, 4, 8).requires_grad_();
        var words = randn(2, 3, 8).requires_grad_();
        var regionMask = zeros(3, 4);
        regionMask[1].fill_(-100); // A video without regions.
        regionMask[2].narrow(0, 1, 3).fill_(-100); // A video with one.
        var wordMask = zeros(2, 3);
        wordMask[1].narrow(0, 1, 2).fill_(-100);

        var similarity = new RegionWordAlignment(FocalType.Equal, PaddingRule.Masked).Similarity(regions, regionMask, words, wordMask);
        similarity.sum().backward();

        Assert.True(similarity.isfinite().all().item<bool>());
        Assert.Equal([0f, 0f], similarity[1].data<float>().ToArray());
        Assert.True(regions.grad!.isfinite().all().item<bool>() && words.grad!.isfinite().all().item<bool>());
    }
}
