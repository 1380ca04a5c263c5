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

    [Fact]
    public void Suppression_AtEachThreshold_KeepsTheReferencesBoxes()
    {
        const string prefix = "unit.nms.keep_thr_";
        var boxes = goldens.Floats("unit.nms.boxes");
        var scores = goldens.Floats("unit.nms.scores");
        var order = Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).ToArray();
        var sorted = order.SelectMany(i => boxes[(4 * i)..(4 * i + 4)]).ToArray();
        var names = goldens.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(names);
        foreach (var name in names)
        {
            var threshold = float.Parse(name[prefix.Length..], System.Globalization.CultureInfo.InvariantCulture);
            var expected = goldens.Integers(name);
            var kept = NonMaximumSuppression.KeepSorted(sorted, threshold, int.MaxValue).Select(i => order[i]).Order();
            Assert.Equal(expected, kept);
            var best = NonMaximumSuppression.BestKeptScore(boxes, scores, [.. order.Select(i => (long)i)], threshold);
            Assert.Equal(expected, Enumerable.Range(0, scores.Length).Where(i => best[i] > 0));
        }
    }

    [Fact]
    public void MaximumConfidence_OfTheGoldenPredictions_IsTheReferences()
    {
        using var scope = NewDisposeScope();
        foreach (var onHost in new[] { true, false })
        {
            var confidence = BoxSelection.MaximumConfidence(goldens.Floats("select.dets_original"), goldens["head.cls_probs"], goldens.Config.ClsNms, onHost);
            goldens.AssertClose("select.max_conf", tensor(confidence), 0);
        }
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
