using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

/// <summary>The golden detector in the layout of <c>unc-nlp/frcnn-vg-finetuned</c>: what its import gives is the golden detector again.</summary>
[Trait("Category", "parity")]
public sealed class HuggingFaceDetectorTests(DetectorGoldens goldens) : IClassFixture<DetectorGoldens>
{
    private const string Predictor = "roi_heads.box_predictor.", Rpn = "proposal_generator.rpn_head.objectness_logits.", Anchors = "proposal_generator.anchor_generator.cell_anchors.0";

    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    public void Import_OfThePortsLayout_GivesTheSameRegions(string prefix)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Import(folder, Port().ToDictionary(w => prefix + w.Key, w => w.Value));
        goldens.WriteDirectory(folder.File("expected"));
        using var expected = RegionExtractor.Load(folder.File("expected"), "cpu");
        using var imported = RegionExtractor.Load(folder.File("imported"), "cpu");

        var (one, other) = (expected.Extract([goldens.Frame], 1)[0], imported.Extract([goldens.Frame], 1)[0]);

        Assert.True(one.Count > 1);
        Assert.Equal(one.ClassIds, other.ClassIds);
        Assert.Equal(one.AttributeIds, other.AttributeIds);
        Near(one.Boxes, other.Boxes);
        Near(one.Features, other.Features);
        Near(one.ClassConfidences, other.ClassConfidences);
        Near(one.AttributeConfidences, other.AttributeConfidences);

        static void Near(float[] a, float[] b) => Assert.All(a.Zip(b), p => Assert.InRange(p.Second - p.First, -1e-3f, 1e-3f));
    }

    [Fact]
    public void Import_OfThePortsLayout_PutsBackgroundAndNoneFirst()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Import(folder, Port());
        var (expected, actual) = (goldens.Network.state_dict(), Safetensors.Load(Path.Combine(folder.File("imported"), "model.safetensors")));
        foreach (var (key, value) in expected.Where(k => !k.Key.StartsWith(Rpn, StringComparison.Ordinal) && !k.Key.Contains("bbox_pred", StringComparison.Ordinal)))
            Assert.True(value.equal(actual[key]).all().item<bool>(), key);
        // The background has no box, and an anchor's one logit is the difference of the two.
        Assert.Equal(0, actual[Predictor + "bbox_pred.weight"].narrow(0, 0, 4).abs().sum().item<float>());
        Assert.True(expected[Predictor + "bbox_pred.weight"].narrow(0, 4, 4).equal(actual[Predictor + "bbox_pred.weight"].narrow(0, 4, 4)).all().item<bool>());
        var anchors = goldens.Config.AnchorsPerCell;
        Assert.Equal(0, actual[Rpn + "weight"].narrow(0, 0, anchors).abs().sum().item<float>());
        Assert.Equal([anchors * 2L], actual[Rpn + "bias"].shape);
    }

    [Fact]
    public void Import_OfThePortsLayoutWithoutAnchors_MakesThoseAroundZero()
    {
        using var scope = NewDisposeScope();
        var cell = HuggingFaceDetector.Convert(Port().Where(w => w.Key != Anchors).ToDictionary(), DetectorConfig.R101)[Anchors];
        Assert.Equal([12, 4], cell.shape);
        // Size 64 first, ratios 0.5, 1, 2: 90.51 x 45.25, 64 x 64, 45.25 x 90.51.
        var values = cell.data<float>().ToArray();
        Assert.Equal([-45.25f, -22.63f, 45.25f, 22.63f, -32f, -32f, 32f, 32f, -22.63f, -45.25f, 22.63f, 45.25f], values[..12].Select(v => MathF.Round(v, 2)));
        Assert.Equal(256f, values[^5]);
    }

    [Fact]
    public void Import_OfThePortsLayoutWithAWrongShape_SaysWhichKey()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var port = Port();
        port[Predictor + "attr_score.bias"] = zeros(3);
        var fault = Assert.Throws<ModelFormatException>(() => Import(folder, port));
        Assert.Equal("weights-mismatch", fault.Code);
        Assert.Contains("attr_linear2.bias", fault.Message, StringComparison.Ordinal);
    }

    private void Import(TemporaryFolder folder, Dictionary<string, Tensor> port)
    {
        Safetensors.Save(folder.File("port.safetensors"), port.Select(w => (w.Key, w.Value)));
        DetectorImport.Import(folder.File("port.safetensors"), folder.File("imported"), goldens.Config,
            [.. Enumerable.Range(0, goldens.Config.NumClasses - 1).Select(i => $"class {i}")], [.. Enumerable.Range(0, goldens.Config.NumAttrs - 1).Select(i => $"attribute {i}")]);
    }

    /// <summary>The way back of what the specification says.</summary>
    private Dictionary<string, Tensor> Port()
    {
        var port = new Dictionary<string, Tensor>();
        foreach (var (key, value) in goldens.Network.state_dict())
        {
            var name = key.Replace("cls_embed.", "cls_embedding.", StringComparison.Ordinal).Replace("attr_linear1.", "fc_attr.", StringComparison.Ordinal).Replace("attr_linear2.", "attr_score.", StringComparison.Ordinal);
            port[name] = key switch
            {
                _ when key.StartsWith(Rpn, StringComparison.Ordinal) => value.narrow(0, value.shape[0] / 2, value.shape[0] / 2) - value.narrow(0, 0, value.shape[0] / 2),
                _ when key.StartsWith(Predictor + "bbox_pred", StringComparison.Ordinal) => value.narrow(0, 4, value.shape[0] - 4),
                _ when key.StartsWith(Predictor, StringComparison.Ordinal) && !key.Contains("attr_linear1", StringComparison.Ordinal) => cat([value.narrow(0, 1, value.shape[0] - 1), value.narrow(0, 0, 1)]),
                _ => value,
            };
        }
        return port;
    }
}
