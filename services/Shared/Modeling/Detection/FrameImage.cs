namespace DemoVlp.Modeling.Detection;

/// <summary>A decoded frame.</summary>
/// <param name="FrameIndex">Position of the frame among the sampled frames of its video, from 0.</param>
/// <param name="TimestampSeconds">Time of the frame in its video.</param>
/// <param name="Width">Pixels per row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Bgr">[Height, Width, 3] row by row: blue, green, red.</param>
public sealed record FrameImage(int FrameIndex, double TimestampSeconds, int Width, int Height, byte[] Bgr);
