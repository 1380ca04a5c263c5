// The layout of the Hugging Face port of the detector (spec of the extractor, section 12; code: transformers' examples, modeling_frcnn.py).

using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

/// <summary>
/// Weights in the layout of <c>unc-nlp/frcnn-vg-finetuned</c>, converted from the same Caffe model: the background is the last class and "none" the last attribute,
/// an anchor has one logit, and the background has no box.
/// </summary>
/// <remarks>
/// The converted network computes the same features for the same boxes. Its own inference differs a little from this one's: its anchors lie around 0 (they come with the
/// checkpoint), and it counts box sides without the additional pixel, so boxes are off by up to about one.
/// </remarks>
public static class HuggingFaceDetector
{
    private const string Predictor = "roi_heads.box_predictor.", Logits = "proposal_generator.rpn_head.objectness_logits.", Anchors = "proposal_generator.anchor_generator.cell_anchors.0";

    /// <summary>Whether these weights have the port's layout.</summary>
    public static bool Is(IReadOnlyDictionary<string, Tensor> weights) => weights.ContainsKey(Predictor + "cls_embedding.weight");

    /// <summary>The same weights in the layout of <see cref="FasterRcnn"/>; they belong to the current dispose scope.</summary>
    /// <param name="weights">In the port's layout.</param>
    /// <param name="config">Gives the sizes of the anchors if the file has none.</param>
    public static IReadOnlyDictionary<string, Tensor> Convert(IReadOnlyDictionary<string, Tensor> weights, DetectorConfig config)
    {
        var converted = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (key, value) in weights)
        {
            var (name, tensor) = ConvertOne(key, value);
            if (!converted.TryAdd(name, tensor)) throw new ModelFormatException("weights-mismatch", $"The weights do not fit: \"{key}\" is there in two layouts.");
        }
        converted.TryAdd(Anchors, tensor(CenteredCell(config), [config.AnchorsPerCell, 4L]));
        return converted;
    }

    private static (string Name, Tensor Value) ConvertOne(string key, Tensor value)
    {
        if (value.dim() == 0) return (key, value);
        // softmax([0, o]) is sigmoid(o).
        if (key.StartsWith(Logits, StringComparison.Ordinal)) return (key, cat([zeros_like(value), value]));
        if (!key.StartsWith(Predictor, StringComparison.Ordinal)) return (key, value);
        var name = key[Predictor.Length..];
        return name.Split('.')[0] switch
        {
            "cls_score" => (key, LastFirst(value)),
            "cls_embedding" => (Predictor + name.Replace("cls_embedding", "cls_embed", StringComparison.Ordinal), LastFirst(value)),
            "bbox_pred" => (key, cat([value.new_zeros([4, .. value.shape[1..]]), value])),
            "fc_attr" => (Predictor + name.Replace("fc_attr", "attr_linear1", StringComparison.Ordinal), value),
            "attr_score" => (Predictor + name.Replace("attr_score", "attr_linear2", StringComparison.Ordinal), LastFirst(value)),
            _ => (key, value),
        };
    }

    private static Tensor LastFirst(Tensor rows) => rows.roll(1, 0);

    /// <summary>detectron2's anchors around 0, A x 4 row by row: sizes outer, ratios inner, nothing rounded.</summary>
    private static float[] CenteredCell(DetectorConfig config)
    {
        var anchors = new List<float>();
        foreach (var scale in config.AnchorScales)
        {
            foreach (var ratio in config.AnchorRatios)
            {
                var size = scale * config.AnchorBase;
                var width = Math.Sqrt(size * size / ratio);
                var height = ratio * width;
                anchors.AddRange([(float)(-width / 2), (float)(-height / 2), (float)(width / 2), (float)(height / 2)]);
            }
        }
        return [.. anchors];
    }
}
