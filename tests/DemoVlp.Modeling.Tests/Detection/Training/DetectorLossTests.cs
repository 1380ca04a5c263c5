using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Detection.Training;
using FsCheck.Xunit;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection.Training;

public sealed class DetectorLossTests
{
    [Property(MaxTest = 200)]
    public void Encode_IsUndoneByDecode(byte x, byte y, byte w, byte h, byte dx, byte dy, byte dw, byte dh)
    {
        float[] box = [x, y, x + w, y + h];
        float[] target = [dx, dy, dx + dw + 1f, dy + dh + 1f];
        var (a, b, c, d) = BoxCodec.Encode(box, target);
        using var scope = NewDisposeScope();

        var decoded = BoxCodec.Decode(tensor(box, [1L, 4L]), tensor(new[] { a, b, c, d }, [1L, 4L])).data<float>().ToArray();

        // Where a box would grow more than 62 times its size, decoding stops it.
        if (c < 4 && d < 4) Assert.Equal(target, decoded, (p, q) => Math.Abs(p - q) < 0.01f);
    }

    [Fact]
    public void Overlap_OfEdges_IsIntersectionOverUnion()
    {
        Assert.Equal(1f / 3, BoxMatching.Overlap([0, 0, 10, 10], [5, 0, 15, 10]), 5);
        Assert.Equal(0, BoxMatching.Overlap([0, 0, 10, 10], [10, 0, 20, 10]));
        Assert.Equal(0, BoxMatching.Overlap([3, 3, 3, 3], [3, 3, 3, 3]));
    }

    [Fact]
    public void Label_GivesEveryObjectAnAnchorAndLeavesTheDoubtfulOut()
    {
        float[] anchors = [0, 0, 10, 10, 1, 0, 11, 10, 5, 0, 15, 10, 50, 50, 60, 60, 80, 80, 90, 90];

        var (best, foreground, background) = RpnLoss.Label(anchors, [0, 0, 10, 10, 58, 58, 68, 68]);

        Assert.Equal([0, 1, 3], foreground); // The last one overlaps its object by little, but nothing overlaps it more.
        Assert.Equal((0, 0, 1), (best[0], best[1], best[3]));
        Assert.Equal([4], background); // A third of an object is neither.
    }

    [Fact]
    public void RpnLoss_WhenTheHeadIsRight_IsNothing()
    {
        using var scope = NewDisposeScope();
        var config = DetectorConfig.Small;
        using var generator = new AnchorGenerator(config);
        var anchors = generator.Grid(6, 6).data<float>().ToArray();
        float[] objects = [30, 30, 66, 66];
        var (best, foreground, _) = RpnLoss.Label(anchors, objects);
        var (logits, deltas) = (zeros(1, 24, 6, 6), zeros(1, 48, 6, 6));
        for (var i = 0; i < anchors.Length / 4; i++)
        {
            var (cell, a) = (i / 12, i % 12);
            logits[0, foreground.Contains(i) ? 12 + a : a, cell / 6, cell % 6] = 30;
            var (dx, dy, dw, dh) = BoxCodec.Encode(anchors.AsSpan(4 * i, 4), objects);
            foreach (var (c, d) in new[] { dx, dy, dw, dh }.Index()) deltas[0, 4 * a + c, cell / 6, cell % 6] = d;
        }

        var (objectness, boxes) = RpnLoss.Compute(logits, deltas, anchors, [objects], new Random(1));
        var (worse, _) = RpnLoss.Compute(-logits, deltas, anchors, [objects], new Random(1));

        Assert.Equal(0, objectness.item<float>(), 5);
        Assert.Equal(0, boxes.item<float>(), 5);
        Assert.Equal(30, worse.item<float>(), 3);
    }

    [Fact]
    public void RpnLoss_WhenThereIsNoObject_IsThatOfBackgroundAlone()
    {
        using var scope = NewDisposeScope();
        var (objectness, boxes) = RpnLoss.Compute(zeros(1, 2, 2, 2), zeros(1, 4, 2, 2), [0, 0, 9, 9, 0, 9, 9, 18, 9, 0, 18, 9, 9, 9, 18, 18], [[]], new Random(1));

        Assert.Equal((MathF.Log(2), 0), (objectness.item<float>(), boxes.item<float>()));
    }

    [Fact]
    public void Sample_TakesAtMostHalfObjectsAndKnowsThem()
    {
        float[] proposals = [.. Enumerable.Range(0, 60).SelectMany(i => new float[] { i, 0, i + 20, 20 })];
        var thing = new LabelledBox(10, 0, 30, 20, ClassId: 4, AttributeId: 2);

        var sample = FastRcnnLoss.Sample(proposals, thing.Edges, [thing], new Random(1));

        Assert.Equal((32, 14), (sample.Classes.Length, sample.Classes.Count(c => c == 5)));
        for (var i = 0; i < 32; i++)
        {
            var near = BoxMatching.Overlap(sample.Boxes.AsSpan(4 * i, 4), thing.Edges) >= 0.5f;
            Assert.Equal(near ? (5, 3) : (0, 0), (sample.Classes[i], sample.Attributes[i]));
        }
    }

    [Fact]
    public void FastRcnnLoss_WhenThePredictionsAreRight_IsNothingAndWrongAttributesCountHalf()
    {
        using var scope = NewDisposeScope();
        var sample = new RegionSample(new float[8], [2, 0], [1, 0], [0.1f, 0.2f, 0.2f, 0.4f, 0, 0, 0, 0]);
        var (classes, deltas, attributes) = (zeros(2, 3), zeros(2, 12), zeros(2, 2));
        (classes[0, 2], classes[1, 0], attributes[0, 1]) = (40, 40, 40);
        foreach (var (c, d) in new[] { 1f, 2f, 1f, 2f }.Index()) deltas[0, 8 + c] = d; // In units of what is usual.

        var right = FastRcnnLoss.Compute(new(classes, deltas, attributes), [sample]);
        var wrong = FastRcnnLoss.Compute(new(classes, deltas, -attributes), [sample]);

        Assert.Equal((0, 0, 0), (right.Classes.item<float>(), right.Boxes.item<float>(), right.Attributes.item<float>()));
        Assert.Equal(20, wrong.Attributes.item<float>(), 3);
    }
}
