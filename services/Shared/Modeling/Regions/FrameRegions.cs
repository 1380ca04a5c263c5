namespace DemoVlp.Modeling.Regions;

/// <summary>
/// What a detector saw in one sampled frame: K regions, each a feature, a box and what it is called. Immutable by convention.
/// </summary>
/// <param name="FrameIndex">Position of the frame among the sampled frames of its video, from 0.</param>
/// <param name="TimestampSeconds">Time of the frame in its video.</param>
/// <param name="Width">Width of the sampled frame in pixels.</param>
/// <param name="Height">Height of the sampled frame in pixels.</param>
/// <param name="Features">[K, D] row by row: the pooled detector features.</param>
/// <param name="Boxes">[K, 4] row by row: x1, y1, x2, y2 in pixels of the sampled frame.</param>
/// <param name="ClassIds">[K]: line (from 0) of the detector's class names.</param>
/// <param name="ClassConfidences">[K]: probability of that class, 0 to 1.</param>
/// <param name="AttributeIds">[K]: line (from 0) of the detector's attribute names.</param>
/// <param name="AttributeConfidences">[K]: probability of that attribute, 0 to 1.</param>
public sealed record FrameRegions(
    int FrameIndex,
    double TimestampSeconds,
    int Width,
    int Height,
    float[] Features,
    float[] Boxes,
    int[] ClassIds,
    float[] ClassConfidences,
    int[] AttributeIds,
    float[] AttributeConfidences)
{
    /// <summary>K, the number of regions.</summary>
    public int Count => ClassIds.Length;
}
