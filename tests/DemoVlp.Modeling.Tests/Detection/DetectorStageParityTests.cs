using DemoVlp.Modeling.Detection;
using TorchSharp;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

/// <summary>Each stage, fed with the reference's own input to it, gives what the reference gives.</summary>
[Trait("Category", "parity")]
public sealed class DetectorStageParityTests(DetectorGoldens goldens) : IClassFixture<DetectorGoldens>, IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly IDisposable mode = inference_mode();

    public void Dispose()
    {
        mode.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Input_OfTheGoldenPicture_IsTheReferencesBlob()
    {
        var frame = goldens.Frame;
        var plan = ImageResize.Plan(frame.Height, frame.Width, goldens.Config.ShortSide, goldens.Config.LongSide);
        Assert.Equal((goldens.ImScale, goldens.Height, goldens.Width), plan);
        var input = ImageResize.Input(frame.Bgr, frame.Height, frame.Width, goldens.Config.PixelMean, plan, CPU);
        goldens.AssertClose("input_blob", input.unsqueeze(0));
    }

    [Fact]
    public void Apply_OnRandomPictures_ResizesAsOpenCvDoes()
    {
        var pictures = goldens.Names.Where(n => n.StartsWith("unit.resize", StringComparison.Ordinal)).Select(n => n.Split('.')[1]).Distinct().ToList();
        Assert.NotEmpty(pictures);
        foreach (var picture in pictures)
        {
            var expected = goldens[$"unit.{picture}.out_hwc"];
            var scale = goldens[$"unit.{picture}.scale"].data<double>()[0];
            var actual = ImageResize.Apply(goldens[$"unit.{picture}.in_hwc"], scale, (int)expected.shape[0], (int)expected.shape[1]);
            goldens.AssertClose($"unit.{picture}.out_hwc", actual, 1e-6);
        }
    }

    [Fact]
    public void Backbone_OnTheGoldenBlob_GivesEveryStagesMap()
    {
        foreach (var (name, map) in goldens.Network.Backbone.Stages(goldens["input_blob"])) goldens.AssertClose($"backbone.{name}", map);
    }

    [Fact]
    public void RpnHead_OnTheGoldenMap_GivesLogitsAndDeltas()
    {
        var (logits, deltas) = goldens.Network.ProposalGenerator.Head.call(goldens["backbone.res4"]);
        goldens.AssertClose("rpn.objectness_logits", logits);
        goldens.AssertClose("rpn.anchor_deltas", deltas);
        var conv = (nn.Module<Tensor, Tensor>)goldens.Network.ProposalGenerator.Head.named_modules().Single(m => m.name == "conv").module;
        goldens.AssertClose("rpn.hidden", conv.call(goldens["backbone.res4"]).relu());
        AssertRow("rpn.fg_prob_flat", RegionProposalNetwork.Foreground(goldens["rpn.objectness_logits"]));
        AssertRow("rpn.deltas_flat", RegionProposalNetwork.Flatten(goldens["rpn.anchor_deltas"], 4));
    }

    [Fact]
    public void Proposals_FromTheGoldenScores_AreTheReferencesAtEachStep()
    {
        var rpn = goldens.Network.ProposalGenerator;
        var map = goldens["backbone.res4"];
        var anchors = rpn.Anchors.Grid(map.shape[2], map.shape[3]);
        Assert.Equal(goldens.Floats("anchors"), anchors.data<float>().ToArray());

        var deltas = goldens["rpn.deltas_flat"].unsqueeze(0);
        AssertRow("rpn.decoded", BoxCodec.Decode(anchors.unsqueeze(0), deltas));
        var clipped = RegionProposalNetwork.Decode(anchors, deltas, goldens.Height, goldens.Width);
        AssertRow("rpn.clipped", clipped);
        var valid = BoxCodec.IsLargeEnough(goldens["rpn.clipped"], goldens.Config.MinSize * goldens.ImScale);
        Assert.Equal(goldens["rpn.valid_mask"].data<byte>().ToArray(), valid.to(ScalarType.Byte).data<byte>().ToArray());

        var (boxes, scores, indices) = rpn.Candidates(goldens["rpn.clipped"].unsqueeze(0), goldens["rpn.fg_prob_flat"].unsqueeze(0), goldens.ImScale);
        var count = goldens["rpn.pre_nms_index"].shape[0];
        Assert.Equal(goldens["rpn.pre_nms_index"].data<long>().ToArray(), indices[0].narrow(0, 0, count).data<long>().ToArray());
        Assert.Equal(goldens.Floats("rpn.pre_nms_boxes"), boxes[0].narrow(0, 0, count).contiguous().data<float>().ToArray());
        Assert.Equal(goldens.Floats("rpn.pre_nms_scores"), scores[0].narrow(0, 0, count).data<float>().ToArray());
        Assert.Equal(goldens.Integers("rpn.nms_keep"), NonMaximumSuppression.KeepSorted(goldens.Floats("rpn.pre_nms_boxes"), goldens.Config.RpnNms, goldens.Config.PostNmsTopk));
        Assert.Equal(goldens.Integers("rpn.nms_keep"), TensorSuppression.KeepSorted(goldens["rpn.pre_nms_boxes"], goldens.Config.RpnNms, goldens.Config.PostNmsTopk).data<long>().ToArray().Select(i => (int)i));
    }

    [Fact]
    public void Propose_OnTheGoldenMap_GivesTheReferencesProposals()
    {
        var proposals = goldens.Network.ProposalGenerator.Propose(goldens["backbone.res4"], goldens.Height, goldens.Width, goldens.ImScale)[0];
        goldens.AssertClose("proposals", tensor(proposals.Boxes).view(-1, 4));
        goldens.AssertClose("proposal_scores", tensor(proposals.Scores));
        goldens.AssertClose("select.dets_original", tensor(RegionExtractor.Original(proposals.Boxes, goldens.ImScale)).view(-1, 4));
    }

    [Fact]
    public void Pooling_OfTheGoldenBoxes_IsTheReferences()
    {
        var map = goldens["backbone.res4"];
        var boxes = goldens.Floats("fixed.boxes");
        goldens.AssertClose("fixed.roi_pool14", RoiPool.Apply(map, boxes, 14), 0);
        goldens.AssertClose("fixed.roi_pool14", OnDevice(map, boxes, 14), 0);
        goldens.AssertClose("fixed.roi_align7_aligned_sr0", RoiAlign.Apply(map, boxes, 7, 0, aligned: true));
        goldens.AssertClose("fixed.roi_align7_legacy_sr0", RoiAlign.Apply(map, boxes, 7, 0, aligned: false));
        goldens.AssertClose("fixed.roi_align7_aligned_sr2", RoiAlign.Apply(map, boxes, 7, 2, aligned: true));
        goldens.AssertClose("fixed.roi_align7_legacy_sr2", RoiAlign.Apply(map, boxes, 7, 2, aligned: false));
        var few = (int)goldens["fixed.roi_align14_aligned_sr2"].shape[0] * 4;
        goldens.AssertClose("fixed.roi_align14_aligned_sr2", RoiAlign.Apply(map, boxes.AsSpan(0, few), 14, 2, aligned: true));
    }

    // As on a GPU.
    private static Tensor OnDevice(Tensor map, float[] boxes, int size)
    {
        using var pool = new RoiPool(map, boxes, size);
        return pool.PoolOnDevice(boxes);
    }

    [Fact]
    public void Pooling_OfBoxesAtAndBeyondTheEdges_IsTheReferences()
    {
        foreach (var name in new[] { "roipool", "roipool_wide" })
        {
            var boxes = goldens.Floats($"unit.{name}.boxes");
            goldens.AssertClose($"unit.{name}.out14", RoiPool.Apply(goldens[$"unit.{name}.map"], boxes, 14), 0);
            goldens.AssertClose($"unit.{name}.out7", RoiPool.Apply(goldens[$"unit.{name}.map"], boxes, 7), 0);
            goldens.AssertClose($"unit.{name}.out14", OnDevice(goldens[$"unit.{name}.map"], boxes, 14), 0);
            goldens.AssertClose($"unit.{name}.out7", OnDevice(goldens[$"unit.{name}.map"], boxes, 7), 0);
        }
        var map = goldens["unit.roialign.map"];
        foreach (var samples in new[] { 0, 2 })
        {
            goldens.AssertClose($"unit.roialign.out7_sr{samples}_aligned", RoiAlign.Apply(map, goldens.Floats("unit.roialign.boxes"), 7, samples, aligned: true));
            goldens.AssertClose($"unit.roialign.out7_sr{samples}_legacy", RoiAlign.Apply(map, goldens.Floats("unit.roialign.boxes"), 7, samples, aligned: false));
        }
    }

    [Fact]
    public void RoiHeads_OnTheGoldenBoxes_GiveFeaturesAndPredictions()
    {
        var heads = goldens.Network.RoiHeads;
        var pooled = goldens["fixed.roi_pool14"];
        var few = goldens["fixed.res5"].shape[0];
        goldens.AssertClose("fixed.res5", heads.Res5(pooled.narrow(0, 0, few)));
        goldens.AssertClose("fixed.features", heads.Features(goldens["backbone.res4"], goldens.Floats("fixed.boxes"), chunk: 3));
        var predictions = heads.Predictor.call(goldens["fixed.features"]);
        goldens.AssertClose("fixed.cls_logits", predictions.ClassLogits);
        goldens.AssertClose("fixed.bbox_deltas", predictions.BoxDeltas);
        goldens.AssertClose("fixed.attr_logits", predictions.AttributeLogits);
        Assert.Equal(goldens["fixed.cls_argmax"].data<long>().ToArray(), predictions.ClassLogits.argmax(1).data<long>().ToArray());
    }

    [Fact]
    public void RoiHeads_OnTheGoldenProposals_GiveEveryPrediction()
    {
        var heads = goldens.Network.RoiHeads;
        goldens.AssertClose("head.features", heads.Features(goldens["backbone.res4"], goldens.Floats("proposals"), chunk: 7));
        var predictions = heads.Predictor.call(goldens["head.features"]);
        goldens.AssertClose("head.cls_logits", predictions.ClassLogits);
        goldens.AssertClose("head.cls_probs", predictions.ClassLogits.softmax(1));
        goldens.AssertClose("head.bbox_deltas", predictions.BoxDeltas);
        goldens.AssertClose("head.attr_logits", predictions.AttributeLogits);
        goldens.AssertClose("head.attr_probs", predictions.AttributeLogits.softmax(1));
        Assert.Equal(goldens["head.cls_argmax"].data<long>().ToArray(), predictions.ClassLogits.argmax(1).data<long>().ToArray());
    }

    [Fact]
    public void Res5_WithStrideInsteadOfDilation_IsTheReferences()
    {
        using var strided = new FasterRcnn(goldens.Config with { Res5Dilation = 1 });
        DetectorWeights.Load(strided, goldens.Network.state_dict());
        goldens.AssertClose("fixed.res5_stride2_features", strided.RoiHeads.Res5(goldens["fixed.roi_pool14"]).mean([2L, 3L]));
    }

    [Fact]
    public void Decode_OnHandMadeBoxes_IsTheReferences() =>
        goldens.AssertClose("unit.decode.out", BoxCodec.Decode(goldens["unit.decode.boxes"], goldens["unit.decode.deltas"]));

    [Fact]
    public void Decode_OfTheGoldenRegressions_MovesEveryClassesBox() =>
        goldens.AssertClose("bboxes_mode.regressed_all", BoxCodec.Decode(goldens["select.dets_original"], goldens["head.bbox_deltas"]));

    private void AssertRow(string name, Tensor batchOfOne) => goldens.AssertClose(name, batchOfOne.squeeze(0));
}
