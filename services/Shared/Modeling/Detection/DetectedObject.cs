using DemoVlp.Modeling.Regions;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

// R: proposals; K: classes with the background, which is class 0; T: attributes with "none", which is attribute 0.

/// <summary>An object found in a picture.</summary>
/// <param name="Box">Left, top, right, bottom in pixels of the picture.</param>
/// <param name="ClassId">From 0, the background not counted.</param>
/// <param name="Confidence">Probability of the class.</param>
/// <param name="AttributeId">From 0, "none" not counted.</param>
/// <param name="AttributeConfidence">Probability of the attribute.</param>
public sealed record DetectedObject(float[] Box, int ClassId, float Confidence, int AttributeId, float AttributeConfidence)
{
    private const float LeastConfidence = 0.05f;

    /// <summary>The regions of a frame, each under the name it is most likely to deserve.</summary>
    public static IReadOnlyList<DetectedObject> Of(FrameRegions regions) =>
    [
        .. Enumerable.Range(0, regions.Count).Select(i => new DetectedObject(regions.Boxes[(4 * i)..(4 * i + 4)],
            regions.ClassIds[i], regions.ClassConfidences[i], regions.AttributeIds[i], regions.AttributeConfidences[i])),
    ];

    /// <summary>
    /// For every class the boxes it is confident about by more than 0.05, after suppression among them; of all classes together the most
    /// confident ones, in descending order.
    /// </summary>
    /// <param name="boxes">[R, K, 4].</param>
    /// <param name="classes">[R, K] probabilities.</param>
    /// <param name="attributes">[R, T] probabilities.</param>
    /// <param name="threshold">Overlap from which a box is suppressed.</param>
    /// <param name="limit">Most objects.</param>
    public static IReadOnlyList<DetectedObject> Select(Tensor boxes, Tensor classes, Tensor attributes, float threshold, int limit)
    {
        using var scope = NewDisposeScope();
        var (values, indices) = attributes.narrow(1, 1, attributes.shape[1] - 1).max(1);
        var (attributeConfidence, attribute) = (values.cpu().data<float>().ToArray(), indices.cpu().data<long>().ToArray());
        var probabilities = classes.cpu().contiguous().data<float>().ToArray();
        var places = boxes.cpu().contiguous().data<float>().ToArray();
        var k = (int)classes.shape[1];
        var found = new List<DetectedObject>();
        for (var c = 1; c < k; c++)
        {
            var order = Enumerable.Range(0, attribute.Length).Where(i => probabilities[i * k + c] > LeastConfidence).OrderByDescending(i => probabilities[i * k + c]).ToArray();
            float[] sorted = [.. order.SelectMany(i => places.AsSpan((i * k + c) * 4, 4).ToArray())];
            foreach (var kept in NonMaximumSuppression.KeepSorted(sorted, threshold, order.Length))
            {
                var i = order[kept];
                found.Add(new(sorted[(4 * kept)..(4 * kept + 4)], c - 1, probabilities[i * k + c], (int)attribute[i], attributeConfidence[i]));
            }
        }
        return [.. found.OrderByDescending(f => f.Confidence).Take(limit)];
    }
}
