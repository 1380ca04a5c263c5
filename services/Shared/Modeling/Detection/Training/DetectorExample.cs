namespace DemoVlp.Modeling.Detection.Training;

/// <summary>A frame and what is in it.</summary>
/// <param name="Frame">The picture.</param>
/// <param name="Objects">What is in it; may be nothing.</param>
public sealed record DetectorExample(FrameImage Frame, IReadOnlyList<LabelledBox> Objects);

/// <summary>One object of a picture.</summary>
/// <param name="Left">Edge in pixels of the picture: pixel column x lies between x and x + 1.</param>
/// <param name="Top">Edge.</param>
/// <param name="Right">Edge.</param>
/// <param name="Bottom">Edge.</param>
/// <param name="ClassId">Class from 0, the background not counted.</param>
/// <param name="AttributeId">Attribute from 0, "none" not counted.</param>
public sealed record LabelledBox(float Left, float Top, float Right, float Bottom, int ClassId, int AttributeId)
{
    /// <summary>Left, top, right, bottom.</summary>
    public float[] Edges => [Left, Top, Right, Bottom];
}
