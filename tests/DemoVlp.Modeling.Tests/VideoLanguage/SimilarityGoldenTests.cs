using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed partial class SimilarityGoldenTests
{
    [Theory, GoldenCases("04_xattn_sim")]
    public void Alignment_WhenCaptionsAndRegionsAreRagged_GivesThePublishedSimilarities(string name) => GoldenCase.Verify(name, golden =>
    {
        var (im, s, imMask, sMask) = (golden.In("im"), golden.In("s"), golden.In("im_mask"), golden.In("s_mask"));
        var alignment = golden.Alignment();

        golden.Check("sim", alignment.Similarity(im, imMask, s, sMask));
        golden.Check("sim_mask64", alignment.Similarity(im, imMask.to_type(ScalarType.Float64), s, sMask));
        foreach (var output in golden.Outputs.Where(o => o.StartsWith("sim_nocapmask_lambda", StringComparison.Ordinal)))
            golden.Check(output, golden.Alignment(Last(output)).Similarity(im, imMask, s));
        golden.Check("ctx_word_to_region", alignment.Attend(s, sMask, im, imMask).Contexts);
        golden.Check("ctx_region_to_word", alignment.Attend(im, imMask, s, sMask).Contexts);
        golden.NoResult("caption_lengths", "focal_threshold_margin");
    });

    [Theory, GoldenCases("04_sim_by_segment")]
    public void Similarity_WhenThePairsDoNotFitOneBlock_EqualsTheWholeMatrix(string name) => GoldenCase.Verify(name, golden =>
    {
        var (im, s, imMask, sMask) = (golden.In("im"), golden.In("s"), golden.In("im_mask"), golden.In("s_mask"));
        golden.Check("sim_full", golden.Alignment().Similarity(im, imMask, s, sMask));
        var tolerance = golden.Manifest.GetProperty("outputs").GetProperty("sim_full").GetProperty("suggested_atol").GetDouble();
        foreach (var output in golden.Outputs.Where(o => o.StartsWith("sim_segment", StringComparison.Ordinal)))
        {
            golden.Check(output, InBlocks(Last(output)), tolerance);
            golden.NoResult($"max_abs_diff_segment{Last(output)}");
        }
        // The published code fails where a last block is a single caption.
        golden.Same("blocks of one", true, (golden.Out("sim_full") - InBlocks(1)).abs().max().item<float>() <= tolerance);
        golden.NoResult("focal_threshold_margin");

        Tensor InBlocks(long side) => (golden.Alignment() with { BlockElements = side * side * im.shape[1] * s.shape[1] }).Similarity(im, imMask, s, sMask);
    });

    [Theory, GoldenCases("04_rwa_edge_cases")]
    public void Alignment_WhenSidesAreSingleOrFullyMaskedOrPaddedFurther_GivesThePublishedValues(string name) => GoldenCase.Verify(name, golden =>
    {
        using var mode = inference_mode();
        var (im, s) = (golden.In("im"), golden.In("s"));
        var (noMask, noWordMask) = (zeros(im.shape[0], im.shape[1]), zeros(s.shape[0], s.shape[1]));
        var alignment = golden.Alignment();
        golden.Check("unmasked", alignment.Similarity(im, noMask, s, noWordMask));
        golden.Check("one_video", alignment.Similarity(im.narrow(0, 0, 1), noMask.narrow(0, 0, 1), s, noWordMask).squeeze(0));
        golden.Check("one_caption", alignment.Similarity(im, noMask, s.narrow(0, 0, 1), noWordMask.narrow(0, 0, 1)).squeeze(1));
        golden.Check("one_one", alignment.Similarity(im.narrow(0, 0, 1), noMask.narrow(0, 0, 1), s.narrow(0, 0, 1), noWordMask.narrow(0, 0, 1)).squeeze());
        foreach (var output in golden.Outputs.Where(o => o.EndsWith("_all_masked", StringComparison.Ordinal))) // video1_all_masked
        {
            var mask = noMask.clone();
            mask[Last(output)].fill_(-100);
            golden.Check(output, alignment.Similarity(im, mask, s, noWordMask));
        }
        foreach (var output in golden.Outputs.Where(o => o.EndsWith("_one_word", StringComparison.Ordinal))) // caption2_one_word
        {
            var mask = noWordMask.clone();
            mask[Last(output)].narrow(0, 1, s.shape[1] - 1).fill_(-100);
            golden.Check(output, alignment.Similarity(im, noMask, s, mask));
        }
        Padded(golden);
        if (golden.Expect("observed") is { } observed) Observed(golden, observed, im, s);
        golden.NoResult("focal_threshold_margin");
    });

    /// <summary>The same captions padded to other lengths: <c>pad8</c> from the inputs <c>pad.*</c>, <c>pad14</c> from <c>pad.*_padded14</c>.</summary>
    private static void Padded(GoldenCase golden)
    {
        if (!golden.Has("pad.input_ids")) return;
        var model = golden.Load(new ObjectRelation(golden.ModelConfig()));
        foreach (var output in golden.Outputs.Where(o => o.StartsWith("pad", StringComparison.Ordinal)).Select(o => o.Split('.')[0]).Distinct().ToList())
        {
            var suffix = golden.Has($"pad.input_ids_padded{Last(output)}") ? $"_padded{Last(output)}" : "";
            var mask = golden.In("pad.attention_mask" + suffix);
            var pairs = model.call(golden.In("pad.input_ids" + suffix), mask, golden.In("pad.object"), golden.In("pad.object_mask"));
            golden.Check(output + ".global_sim", GlobalSimilarity.Cosine(pairs.GlobalText, pairs.GlobalObject));
            golden.Check(output + ".local_sim", golden.Alignment().Similarity(pairs.LocalObject, pairs.ObjectMask, pairs.LocalText, GoldenModel.WordMask(mask)));
        }
    }

    /// <summary>What the published code was seen to do: the shapes it squeezes, 0/0 for a context of one, and crashes that ours has not.</summary>
    private static void Observed(GoldenCase golden, JsonElement observed, Tensor im, Tensor s)
    {
        foreach (var (side, regions, words) in new[] { ("one_region", im.narrow(1, 0, 1), s), ("one_word", im, s.narrow(1, 0, 1)) })
        {
            foreach (var focal in Enum.GetValues<FocalType>())
            {
                var key = $"{side}.{(focal == FocalType.Equal ? "equal" : "prob")}";
                if (!observed.TryGetProperty(key, out var seen)) continue;
                Tensor Similarity(PaddingRule padding) => new RegionWordAlignment(focal, padding).Similarity(regions, zeros(regions.shape[0], regions.shape[1]), words, zeros(words.shape[0], words.shape[1]));
                golden.Same(key, seen.GetString()!.Contains("nan: True", StringComparison.Ordinal), Similarity(PaddingRule.Reference).isnan().any().item<bool>());
                golden.Same(key + " masked", false, Similarity(PaddingRule.Masked).isnan().any().item<bool>());
            }
        }
        foreach (var entry in observed.EnumerateObject())
        {
            if (entry.Name.EndsWith(".shape", StringComparison.Ordinal))
                golden.SameList(entry.Name, entry.Value.EnumerateArray().Select(d => d.GetInt64()), golden.Out(entry.Name[..^".shape".Length]).shape);
            if (BlockSizes().Match(entry.Name) is { Success: true } sizes) // by_segment_9x8: the reference's matrix, or its crash
            {
                var (videos, captions) = (int.Parse(sizes.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(sizes.Groups[2].Value, CultureInfo.InvariantCulture));
                golden.SameList(entry.Name, [videos, captions], (golden.Alignment() with { BlockElements = 8 * 8 * 15 }).Similarity(randn(videos, 3, 4), zeros(videos, 3), randn(captions, 5, 4), zeros(captions, 5)).shape);
            }
        }
        foreach (var part in new[] { "local", "global" })
        {
            var pads = golden.Outputs.Where(o => o.EndsWith($".{part}_sim", StringComparison.Ordinal)).Select(golden.Out).ToList();
            if (pads.Count == 2 && observed.TryGetProperty($"max_change_of_{part}_sim_by_padding", out var change))
                golden.Near($"change of the {part} similarity by padding", change, (pads[0] - pads[1]).abs().max().item<float>(), 1e-6);
        }
    }

    [Theory, GoldenCases("04_xattn_sim")]
    public void MaskedAlignment_WhenPaddedFurther_DoesNotChange(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        var (im, s, imMask, sMask) = (golden.In("im"), golden.In("s"), golden.In("im_mask"), golden.In("s_mask"));
        var alignment = new RegionWordAlignment(golden.Focal(), PaddingRule.Masked);
        var (videos, captions, d) = (im.shape[0], s.shape[0], s.shape[2]);
        var short_ = alignment.Similarity(im, imMask, s, sMask);

        var longer = alignment.Similarity(cat([im, randn(videos, 5, d)], 1), cat([imMask, full(videos, 5, -100f)], 1), cat([s, randn(captions, 9, d)], 1), cat([sMask, full(captions, 9, -100f)], 1));

        Assert.True((short_ - longer).abs().max().item<float>() < 1e-5);
    }

    [Theory, GoldenCases("04_rwa_edge_cases")]
    public void MaskedAlignment_WhenNothingIsPadded_IsThePublishedOneAndSoAreItsGradients(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        var (masked, maskedGradient) = Unpadded(PaddingRule.Masked);
        var (_, gradient) = Unpadded(PaddingRule.Reference);
        Assert.True((golden.Out("unmasked") - masked).abs().max().item<float>() <= golden.Manifest.GetProperty("outputs").GetProperty("unmasked").GetProperty("suggested_atol").GetDouble());
        Assert.True((gradient - maskedGradient).abs().max().item<float>() <= 1e-4 * gradient.abs().max().item<float>());

        (Tensor Similarity, Tensor Gradient) Unpadded(PaddingRule padding)
        {
            var (im, s) = (golden.In("im"), golden.In("s").clone().requires_grad_());
            var similarity = new RegionWordAlignment(golden.Focal(), padding).Similarity(im, zeros(im.shape[0], im.shape[1]), s, zeros(s.shape[0], s.shape[1]));
            (similarity * arange(similarity.numel()).view_as(similarity)).sum().backward();
            return (similarity.detach(), s.grad!);
        }
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

    /// <summary>The number in an output's name: of a segment, a length, a position.</summary>
    private static int Last(string name) => int.Parse(Digits().Match(name).Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();

    [GeneratedRegex(@"^by_segment_(\d+)x(\d+)$")]
    private static partial Regex BlockSizes();
}
