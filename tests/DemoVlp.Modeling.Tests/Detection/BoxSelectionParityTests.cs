using DemoVlp.Modeling.Detection;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

[Trait("Category", "parity")]
public sealed class BoxSelectionParityTests(DetectorGoldens goldens) : IClassFixture<DetectorGoldens>
{
    [Fact]
    public void Overlap_OfTheGoldenBoxes_CountsTheExtraPixel()
    {
        var boxes = goldens.Floats("unit.nms.boxes");
        var expected = goldens.Floats("unit.nms.iou_plus1");
        var n = boxes.Length / 4;
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++)
                Assert.Equal(expected[i * n + j], NonMaximumSuppression.Overlap(boxes.AsSpan(4 * i, 4), boxes.AsSpan(4 * j, 4)), 6);
    }

    [Theory]
    [InlineData("0.3")]
    [InlineData("0.5")]
    [InlineData("0.7")]
    public void Suppression_AtAThreshold_KeepsTheReferencesBoxes(string threshold)
    {
        var boxes = goldens.Floats("unit.nms.boxes");
        var scores = goldens.Floats("unit.nms.scores");
        var t = float.Parse(threshold, System.Globalization.CultureInfo.InvariantCulture);
        var order = Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).ToArray();
        var sorted = order.SelectMany(i => boxes[(4 * i)..(4 * i + 4)]).ToArray();
        var expected = goldens.Integers($"unit.nms.keep_thr_{threshold}");

        var kept = NonMaximumSuppression.KeepSorted(sorted, t, int.MaxValue).Select(i => order[i]).Order();
        Assert.Equal(expected, kept);
        var best = NonMaximumSuppression.BestKeptScore(boxes, scores, [.. order.Select(i => (long)i)], t);
        Assert.Equal(expected, Enumerable.Range(0, scores.Length).Where(i => best[i] > 0));
    }

    [Fact]
    public void MaximumConfidence_OfTheGoldenPredictions_IsTheReferences()
    {
        using var scope = NewDisposeScope();
        var confidence = BoxSelection.MaximumConfidence(goldens.Floats("select.dets_original"), goldens["head.cls_probs"], goldens.Config.ClsNms);
        goldens.AssertClose("select.max_conf", tensor(confidence), 0);
    }

    [Fact]
    public void Keep_WithTheGoldenSettings_IsTheReferences() => Assert.Equal(
        goldens.Integers("select.keep"),
        BoxSelection.Keep(goldens.Floats("select.max_conf"), goldens.Config.ConfThresh, goldens.Config.MinBoxes, goldens.Config.MaxBoxes));

    [Fact]
    public void Keep_WithEachVariantOfTheSettings_IsTheReferences()
    {
        foreach (var variant in goldens.SelectionVariants.EnumerateObject())
        {
            var keep = BoxSelection.Keep(goldens.Floats("select.max_conf"), variant.Value.GetProperty("conf_thresh").GetSingle(),
                variant.Value.GetProperty("min_boxes").GetInt32(), variant.Value.GetProperty("max_boxes").GetInt32());
            var expected = goldens.Integers($"select.keep.{variant.Name}");
            var ordered = variant.Value.GetProperty("ordered_prefix").GetInt32();
            Assert.Equal(expected.Take(ordered), keep.Take(ordered));
            // Boxes that no class keeps are all equal: the reference leaves their order, and which of them fill up, open.
            Assert.Equal(expected.Length, keep.Distinct().Count());
            var confidence = goldens.Floats("select.max_conf");
            Assert.All(keep.Skip(ordered), i => Assert.Equal(0, confidence[i]));
        }
    }
}
