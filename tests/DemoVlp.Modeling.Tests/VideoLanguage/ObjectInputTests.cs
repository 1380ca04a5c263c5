using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class ObjectInputTests
{
    [Fact]
    public void FrameSampling_ForEveryPublishedPair_TakesThePublishedFrames()
    {
        foreach (var row in GoldenCase.Open("06_frame_sampling").Expected.GetProperty("table").EnumerateArray())
        {
            var (wanted, available) = (row.GetProperty("num_frames").GetInt32(), row.GetProperty("available").GetInt32());
            Assert.Equal(row.GetProperty("uniform").EnumerateArray().Select(f => f.GetInt32()), FrameSampling.Uniform(available, wanted));
            var bins = row.GetProperty("intervals").EnumerateArray().Select(b => (b[0].GetInt32(), b[1].GetInt32())).ToArray();
            var drawn = Enumerable.Range(0, 200).Select(seed => FrameSampling.Random(available, wanted, new Random(seed))).ToList();
            for (var i = 0; i < bins.Length; i++)
            {
                Assert.All(drawn, d => Assert.InRange(d[i], bins[i].Item1, bins[i].Item2));
                Assert.Contains(drawn, d => d[i] == bins[i].Item2); // The published code never draws a bin's last frame.
            }
        }
    }

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

    [Fact]
    public void TemporalEmbedding_ForMoreAndFewerFrames_IsResizedAsPublished()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("07_temporal_inflation");
        var checkedOutputs = 0;
        foreach (var output in golden.Outputs.Where(o => o.StartsWith('f')))
        {
            var parts = output.Split('_'); // f1_to_f4_zeros
            var resized = TemporalEmbedding.Resize(golden.In(string.Join('_', parts[..3])), int.Parse(parts[2][1..], System.Globalization.CultureInfo.InvariantCulture), Enum.Parse<TemporalFix>(parts[3], ignoreCase: true));
            Assert.Equal(golden.Out(output).shape, resized.shape);
            Assert.True((golden.Out(output) - resized).abs().max().item<float>() < 1e-6, output);
            checkedOutputs++;
        }
        Assert.True(checkedOutputs >= 20);
    }

    private static FrameRegions Frame(float[] confidences)
    {
        var count = confidences.Length;
        return new FrameRegions(0, 0, 640, 360, [.. Enumerable.Range(0, count).Select(i => (float)i)],
            [.. Enumerable.Range(0, count).SelectMany(i => new float[] { 10 * i, 20 * i, 10 * i + 20, 20 * i + 30 })], new int[count], confidences, new int[count], new float[count]);
    }
}
