namespace DemoVlp.Modeling.Regions;

/// <summary>The regions a detector found in one frame; K regions with D features each.</summary>
/// <param name="FrameIndex">Index of the frame among the clip's sampled frames.</param>
/// <param name="TimestampSeconds">The frame's time in the clip, in seconds.</param>
/// <param name="Width">Frame width in pixels.</param>
/// <param name="Height">Frame height in pixels.</param>
/// <param name="Features">[K, D] row by row.</param>
/// <param name="Boxes">[K, 4] as x1, y1, x2, y2 in pixels of the frame.</param>
/// <param name="ClassIds">[K] object classes.</param>
/// <param name="ClassConfidences">[K] confidences of the classes, by which regions are ranked.</param>
/// <param name="AttributeIds">[K] attributes.</param>
/// <param name="AttributeConfidences">[K] confidences of the attributes.</param>
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
    float[] AttributeConfidences);
