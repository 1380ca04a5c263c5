using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class PrecisionTrainingTests
{
    private static readonly ModelConfig Config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 3, 4);
    private static readonly TrainingOptions Rounded = new() { LearningRate = 1e-3, MaxGradientNorm = 1, Seed = 3, Precision = ComputePrecision.BFloat16 };
    private static readonly TrainingOptions Exact = Rounded with { Precision = ComputePrecision.Float32 };

    [Fact]
    public void Training_InBFloat16_ReducesTheLossAsInFloat32()
    {
        var (exact, rounded) = (Train(Exact), Train(Rounded));
        Assert.NotEqual(exact.Last, rounded.Last); // Otherwise nothing was rounded.
        Assert.True(rounded.Last < rounded.First / 3, $"From {rounded.First} to {rounded.Last}.");
        Assert.Equal(exact.First - exact.Last, rounded.First - rounded.Last, 0.05 * (exact.First - exact.Last));

        static (double First, double Last) Train(TrainingOptions options)
        {
            using var trainer = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, options);
            var first = trainer.Evaluate(Batch(1000)).Loss;
            for (var step = 0; step < 50; step++) trainer.Step(Batch(step));
            return (first, trainer.Evaluate(Batch(1000)).Loss);
        }
    }

    [Fact]
    public void Step_InBFloat16_KeepsWeightsGradientsAndHistoryInFloat32()
    {
        using var folder = new TemporaryFolder();
        var network = ModelDirectory.Create(Config, 1);
        using var trainer = new RetrievalTrainer(network, Config, Rounded);
        for (var step = 0; step < 3; step++) trainer.Step(Batch(step));

        using var scope = NewDisposeScope();
        Assert.All(ModelWeights.Of(network), p => Assert.Equal(ScalarType.Float32, p.Value.dtype));
        var gradients = ModelWeights.Of(network).Select(p => p.Value.grad).OfType<Tensor>().ToList();
        Assert.NotEmpty(gradients);
        Assert.All(gradients, g => Assert.Equal(ScalarType.Float32, g.dtype));
        trainer.SaveState(folder.File("state"));
        Assert.All(Safetensors.Load(folder.File("state")).Where(t => !t.Key.Contains("steps.")), t => Assert.Equal(ScalarType.Float32, t.Value.dtype));
        trainer.SaveModel(folder.Path, Vocabulary);
        Assert.All(Safetensors.Load(folder.File("model.safetensors")), t => Assert.Equal(ScalarType.Float32, t.Value.dtype));
        // More than bfloat16 can hold: the updates were not lost to rounding.
        Assert.Contains(Safetensors.Load(folder.File("model.safetensors")).Values, t => !t.to_type(ScalarType.BFloat16).to_type(ScalarType.Float32).eq(t).all().item<bool>());
    }

    [Fact]
    public void RestoreState_InBFloat16_ContinuesBitForBit()
    {
        using var folder = new TemporaryFolder();
        using var whole = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Rounded);
        for (var step = 0; step < 3; step++) whole.Step(Batch(step));
        whole.SaveState(folder.File("state"));
        var expected = Continue(whole);

        using var resumed = new RetrievalTrainer(ModelDirectory.Create(Config, 99), Config, Rounded);
        resumed.RestoreState(folder.File("state"));
        Assert.Equal(expected, Continue(resumed));
        whole.SaveState(folder.File("one"));
        resumed.SaveState(folder.File("two"));
        Assert.Equal(File.ReadAllBytes(folder.File("one")), File.ReadAllBytes(folder.File("two")));

        static List<StepResult> Continue(RetrievalTrainer trainer) => [.. Enumerable.Range(3, 3).Select(s => trainer.Step(Batch(s)))];
    }

    [Fact]
    public void Step_ThatFailsInBFloat16_LeavesTheThreadInFloat32()
    {
        using var exact = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Exact);
        var expected = exact.Evaluate(Batch(7));
        using var rounded = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Rounded);
        Assert.Throws<ArgumentException>(() => rounded.Step([Batch(0)[0]]));
        Assert.Equal(expected, exact.Evaluate(Batch(7)));
        Assert.NotEqual(expected, rounded.Evaluate(Batch(7)));
    }

    [Fact]
    public void Trainer_OfAModelLoadedInBFloat16_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var config = ModelDirectory.CreateTiny(folder.Path, Vocabulary, FeatureDim);
        using var loaded = ModelDirectory.Load(folder.Path, precision: ComputePrecision.BFloat16);
        Assert.Equal("model-precision", Assert.Throws<ModelFormatException>(() => new RetrievalTrainer(loaded.Network, config, Rounded)).Code);
    }

    private static RetrievalSample[] Batch(int seed) => [.. Enumerable.Range(0, Things).Select(t => new RetrievalSample(Video(t, seed * 100 + t), Text(t)))];
}
