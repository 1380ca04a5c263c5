using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class ObjectInputTests
{
    [Fact]
    public void Create_RanksRegionsByConfidenceWithTheLaterOfEqualOnesFirst()
    {
        // The confidences of the golden file "ties/0".
        float[] confidences = [0.5f, 0.9f, 0.5f, 0.7f, 0.9f, 0.5f];
        var input = ObjectInput.Create([Frame(confidences)], new ObjectTransformerConfig { FeatureDim = 1, ObjectNum = 4 });
        Assert.Equal([4, 1, 3, 5], input.Tokens.Select(t => t.Region));
        Assert.Equal([4f, 1f, 3f, 5f], Enumerable.Range(0, 4).Select(n => input.Values[n * 7]));
    }

    [Fact]
    public void Create_WhenAFrameHasFewRegions_RepeatsItsLastAndMarksIt()
    {
        var input = ObjectInput.Create([Frame([0.2f, 0.8f])], new ObjectTransformerConfig { FeatureDim = 1, ObjectNum = 4 });
        Assert.Equal([1f, 1f, 0f, 0f], input.Mask);
        Assert.Equal([1, 0, -1, -1], input.Tokens.Select(t => t.Region));
        Assert.Equal([1f, 0f, 0f, 0f], Enumerable.Range(0, 4).Select(n => input.Values[n * 7]));
        // Region 1 of 640 x 360: x 10..30, y 20..50.
        Assert.Equal([10f / 640, 20f / 360, 10f / 640 + 20f / 640, 20f / 360 + 30f / 360, 20f / 640, 30f / 360], input.Values[1..7]);
    }

    private static FrameRegions Frame(float[] confidences)
    {
        var count = confidences.Length;
        return new FrameRegions(0, 0, 640, 360, [.. Enumerable.Range(0, count).Select(i => (float)i)],
            [.. Enumerable.Range(0, count).SelectMany(i => new float[] { 10 * i, 20 * i, 10 * i + 20, 20 * i + 30 })], new int[count], confidences, new int[count], new float[count]);
    }
}
