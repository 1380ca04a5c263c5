using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Detection.Training;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection.Training;

public sealed class DetectorTrainerTests : IDisposable
{
    private static readonly DetectorConfig Config = DetectorConfig.Small with { Name = "two", NumClasses = 3, NumAttrs = 3, ShortSide = 96, LongSide = 128, PostNmsTopk = 24, MinBoxes = 1 };
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_OnTwoPictures_LearnsThemByHeart()
    {
        var losses = Train(steps: 100, seed: 1, out _);

        Assert.True(losses.TakeLast(5).Average() < losses.Take(5).Average() / 4, $"{losses[0]} to {losses[^1]}");
        using var extractor = RegionExtractor.Load(folder.File("detector"), "cpu");
        foreach (var example in Examples())
        {
            var best = extractor.Detect(example.Frame)[0];
            var thing = Assert.Single(example.Objects);
            Assert.Equal((thing.ClassId, thing.AttributeId), (best.ClassId, best.AttributeId));
            Assert.InRange(BoxMatching.Overlap(best.Box, thing.Edges), 0.6f, 1f);
        }
    }

    [Fact]
    public void Run_WhenTheSeedIsTheSame_GivesTheSameWeights()
    {
        Train(steps: 6, seed: 3, out var first);
        Train(steps: 6, seed: 3, out var again);
        Train(steps: 6, seed: 4, out var other);

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Run_KeepsNoTensors()
    {
        using var network = new FasterRcnn(Config);
        using var trainer = new DetectorTrainer(network, new(8, 2, 0.02, 1), CPU);
        var alive = new List<long>();

        trainer.Run(Endless(), _ => alive.Add(TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount), TestContext.Current.CancellationToken);

        Assert.Equal(alive[2], alive[^1]); // The optimiser's memory comes with the first update.
    }

    [Fact]
    public void Run_WhenCancelled_Stops()
    {
        using var cancelled = new CancellationTokenSource();
        using var network = new FasterRcnn(Config);
        using var trainer = new DetectorTrainer(network, new(100, 2, 0.02, 1), CPU);
        var steps = 0;

        Assert.Throws<OperationCanceledException>(() => trainer.Run(Endless(), _ =>
        {
            steps++;
            cancelled.Cancel();
        }, cancelled.Token));

        Assert.Equal(1, steps);
    }

    [Fact]
    public void TrainingMode_WhenTheBatchHasTheFixedStatistics_ComputesWhatInferenceDoes()
    {
        using var scope = NewDisposeScope();
        using var layer = new NormConv2d(3, 4, kernel: 3);
        random.manual_seed(5);
        using (no_grad()) layer.get_parameter("weight")!.normal_();
        var input = randn(8, 3, 20, 20);
        layer.train();
        var inTraining = layer.call(input);
        for (var i = 0; i < 400; i++) layer.call(input); // The running statistics come to be those of this batch.

        layer.eval();

        Assert.True(allclose(inTraining, layer.call(input), rtol: 1e-2, atol: 1e-2));
    }

    private List<double> Train(int steps, int seed, out byte[] weights)
    {
        using var scope = NewDisposeScope();
        using var network = new FasterRcnn(Config);
        using var trainer = new DetectorTrainer(network, new(steps, 2, 0.02, seed), CPU);
        var losses = new List<double>();
        trainer.Run(Endless(), step => losses.Add(step.Loss), TestContext.Current.CancellationToken);
        Assert.Equal(steps, losses.Count);
        DetectorDirectory.Save(folder.File("detector"), network, ["square", "bar"], ["red", "blue"]);
        weights = File.ReadAllBytes(folder.File("detector/model.safetensors"));
        return losses;
    }

    private static IEnumerable<DetectorExample> Endless()
    {
        while (true)
            foreach (var example in Examples()) yield return example;
    }

    private static DetectorExample[] Examples() =>
    [
        new(Picture(20, 30, 60, 70, (30, 30, 220)), [new(20, 30, 60, 70, 0, 0)]),
        new(Picture(10, 40, 70, 68, (230, 60, 30)), [new(10, 40, 70, 68, 1, 1)]),
    ];

    private static FrameImage Picture(int left, int top, int right, int bottom, (byte B, byte G, byte R) color)
    {
        var bgr = new byte[96 * 96 * 3];
        Array.Fill(bgr, (byte)70);
        for (var y = top; y < bottom; y++)
            for (var x = left; x < right; x++)
                (bgr[(y * 96 + x) * 3], bgr[(y * 96 + x) * 3 + 1], bgr[(y * 96 + x) * 3 + 2]) = color;
        return new(0, 0, 96, 96, bgr);
    }
}
