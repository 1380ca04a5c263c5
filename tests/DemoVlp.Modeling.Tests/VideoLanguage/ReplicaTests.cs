using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>A batch that replicas share out is learnt from as by one network.</summary>
public sealed class ReplicaTests
{
    private static readonly ModelConfig Config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 3, 4, timeAttention: true);
    private static readonly TrainingOptions Alone = new() { LearningRate = 1e-3, MaxGradientNorm = 1, Seed = 3 };

    [Theory]
    [InlineData(2, true, true)]
    [InlineData(3, true, true)]
    [InlineData(4, true, true)]
    [InlineData(2, true, false)]
    [InlineData(2, false, true)]
    public void RetrievalTrainer_WithReplicas_StepsAsWithOneNetwork(int replicas, bool local, bool global)
    {
        var options = Alone with { UseLocalLoss = local, UseGlobalLoss = global };
        using var one = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, options);
        using var several = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, options with { Replicas = replicas });
        StepAlike(one, several, step => Pairs(25, step, near: i => i % 3 != 0));
    }

    [Fact]
    public void RetrievalTrainer_InBfloat16_StepsAsWithOneNetwork()
    {
        var options = Alone with { Precision = ComputePrecision.BFloat16 };
        using var one = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, options);
        using var several = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, options with { Replicas = 2 });
        using var exact = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone);
        var batch = Pairs(24, 1, near: _ => true);
        var (expected, result, unrounded) = (one.Step(batch).Loss, several.Step(batch).Loss, exact.Step(batch).Loss);
        Assert.Equal(expected, result, 1e-4);
        Assert.NotEqual(unrounded, result, 1e-4);
    }

    [Fact]
    public void RetrievalTrainer_WhereOnlyOnePartHasNearMisses_StepsAsWithOneNetwork()
    {
        using var one = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone);
        using var several = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone with { Replicas = 2 });
        StepAlike(one, several, step => Pairs(16, step, near: i => i > 12));
    }

    [Fact]
    public void RetrievalTrainer_WithMorePairsThanABlockOfTheAlignment_StepsAsWithOneNetwork()
    {
        var config = Config with { MaxTextLength = 40 };
        RetrievalSample[] batch = [.. Pairs(240, 1, near: _ => false).Select((s, i) => s with { TokenIds = Text([.. Enumerable.Repeat(i % Things, 30)]) })];
        using var one = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, Alone);
        using var several = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 2 });
        StepAlike(one, several, _ => batch, steps: 1);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void QuestionAnsweringTrainer_WithReplicas_StepsAsWithOneNetwork(int replicas)
    {
        var config = Config.ForQuestionAnswering(Things);
        using var one = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone);
        using var several = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = replicas });
        StepAlike(one, several, step => Questions(29, 5, step));
    }

    [Fact]
    public void QuestionAnsweringTrainer_OfVideosOfUnequalLength_StepsAsWithOneNetwork()
    {
        var config = Config.ForQuestionAnswering(Things);
        using var one = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone);
        using var several = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 3 });
        StepAlike(one, several, step => Questions(29, 5, step, frames: i => 1 + i % 3));
    }

    [Fact]
    public void QuestionAnsweringTrainer_OfQuestionsAboutOneVideo_StepsAsWithOneNetwork()
    {
        var config = Config.ForQuestionAnswering(Things);
        using var one = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone);
        using var several = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 2 });
        StepAlike(one, several, step => Questions(16, 16, step));
    }

    [Fact]
    public void QuestionAnsweringTrainer_OfVideosThatSeveralPartsAskAbout_StepsAsWithOneNetwork()
    {
        var config = Config.ForQuestionAnswering(Things);
        using var one = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone);
        using var several = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 2 });
        StepAlike(one, several, step => [.. Questions(24, 1, step).Zip(Shown(step), (question, frames) => question with { Frames = frames })]);

        static IEnumerable<IReadOnlyList<FrameRegions>> Shown(int step)
        {
            var videos = Questions(3, 1, step).Select(q => q.Frames).ToList();
            return Enumerable.Range(0, 24).Select(i => videos[i % 3]);
        }
    }

    [Fact]
    public void Step_OfFewSamples_TakesFewerReplicas()
    {
        using var one = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone);
        using var several = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone with { Replicas = 4 });
        StepAlike(one, several, step => Pairs(step == 1 ? 40 : 3 + 14 * step, step, near: i => i % 2 == 0));
    }

    [Fact]
    public void Evaluate_WithReplicas_GivesWhatOneNetworkGives()
    {
        using var one = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone);
        using var several = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone with { Replicas = 2 });
        Assert.Equal(one.Evaluate(Pairs(20, 1, near: _ => true)), several.Evaluate(Pairs(20, 1, near: _ => true)));
    }

    [Fact]
    public void Step_WhenTheLossIsNoNumber_LeavesTheWeightsAndGoesOn()
    {
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone with { Replicas = 2 });
        using var fresh = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Alone with { Replicas = 2 });
        var before = Weights(trainer);
        var broken = Pairs(16, 1, near: _ => false);
        foreach (var frame in broken[9].Frames) frame.Features[0] = float.NaN;
        Assert.Throws<NotFiniteNumberException>(() => trainer.Step(broken));
        Assert.Equal(before, Weights(trainer));
        Assert.Equal(fresh.Step(Pairs(16, 2, near: _ => true)), trainer.Step(Pairs(16, 2, near: _ => true)));
    }

    [Fact]
    public void RestoreState_OfPairsWithReplicas_ContinuesBitForBit() =>
        ContinuesBitForBit(seed => new RetrievalTrainer(ModelDirectory.Create(Config, seed), Config, Alone with { Replicas = 2 }), step => Pairs(18, step, near: i => i % 2 == 0));

    [Fact]
    public void RestoreState_OfQuestionsWithReplicas_ContinuesBitForBit()
    {
        var config = Config.ForQuestionAnswering(Things);
        ContinuesBitForBit(seed => new QuestionAnsweringTrainer(ModelDirectory.Create(config, seed), config, Alone with { Replicas = 2 }), step => Questions(18, 4, step));
    }

    [Fact]
    public void Step_WhenAReplicaFails_LeavesTheWeightsAndGoesOn()
    {
        var config = Config.ForQuestionAnswering(Things);
        using var trainer = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 2 });
        var before = Weights(trainer);
        var broken = Questions(16, 1, 1);
        broken[15] = broken[15] with { TokenIds = [2, 500, 3] };
        Assert.Throws<ArgumentException>(() => trainer.Step(broken));
        Assert.Equal(before, Weights(trainer));
        using var fresh = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 2 });
        Assert.Equal(fresh.Step(Questions(16, 1, 2)), trainer.Step(Questions(16, 1, 2)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(16, 4)]
    public void ReplicasFor_ASmallModel_IsOneForEachThreadUpToFour(int threads, int expected) => Assert.Equal(expected, TrainingOptions.ReplicasFor(Config, threads));

    [Fact]
    public void ReplicasFor_ModelsThatAreLargeOrDrawNumbersOrLearnFromPadding_IsOne()
    {
        Assert.Equal(1, TrainingOptions.ReplicasFor(ModelConfig.Base with { TextConfig = ModelConfig.Base.TextConfig with { Dropout = 0, AttentionDropout = 0 }, Padding = PaddingRule.Masked }, 2));
        Assert.Equal(1, TrainingOptions.ReplicasFor(Config with { TextConfig = Config.TextConfig with { Dropout = 0.1 } }, 2));
        Assert.Equal(1, TrainingOptions.ReplicasFor(Config with { Padding = PaddingRule.Reference }, 2));
    }

    [Fact]
    public void Trainer_WithReplicasOfAModelWithDropout_IsRefused()
    {
        var config = Config with { TextConfig = Config.TextConfig with { Dropout = 0.1 } };
        using var network = ModelDirectory.Create(config, 1);
        Assert.Throws<ArgumentException>(() => new RetrievalTrainer(network, config, Alone with { Replicas = 2 }));
    }

    private static RetrievalSample[] Pairs(int count, int step, Func<int, bool> near) => [.. Enumerable.Range(0, count).Select(i =>
    {
        var thing = (i + step) % Things;
        return new RetrievalSample(Video(thing, step * 1000 + i, frames: 1 + i % 4), Text([.. Enumerable.Repeat(thing, 1 + i * 7 % 5)]))
        {
            Choice = near(i) ? new SentenceChoice([Text(thing), Text((thing + 1) % Things, 0), .. i % 2 == 0 ? new[] { Text(1, 2, 3) } : []], 0) : null,
        };
    })];

    private static QuestionSample[] Questions(int count, int together, int step, Func<int, int>? frames = null)
    {
        var videos = Enumerable.Range(0, count).Select(i => Video(i % Things, step * 1000 + i, frames is null ? 2 : frames(i))).ToList();
        return [.. Enumerable.Range(0, count).Select(i => new QuestionSample(videos[i / together], Text([.. Enumerable.Repeat(i % Things, 1 + i % 4)]), i / together % Things))];
    }

    private static void ContinuesBitForBit<TSample>(Func<ulong, ModelTrainer<TSample>> create, Func<int, TSample[]> batch)
    {
        using var folder = new TemporaryFolder();
        using var whole = create(1);
        Steps(whole, 0);
        whole.SaveState(folder.File("state"));
        var expected = Steps(whole, 3);
        using var resumed = create(99);
        resumed.RestoreState(folder.File("state"));
        Assert.Equal(expected, Steps(resumed, 3));
        Assert.Equal(Weights(whole), Weights(resumed));

        List<StepResult> Steps(ModelTrainer<TSample> trainer, int first) => [.. Enumerable.Range(first, 3).Select(step => trainer.Step(batch(step)))];
    }

    private static void StepAlike<TSample>(ModelTrainer<TSample> one, ModelTrainer<TSample> several, Func<int, TSample[]> batch, int steps = 3)
    {
        for (var step = 0; step < steps; step++)
        {
            var (expected, result) = (one.Step(batch(step)), several.Step(batch(step)));
            // Later steps also have what rounding has done to the weights: the optimiser makes much of gradients that are nearly zero.
            var tolerance = step == 0 ? 1e-4 : 1e-3;
            Assert.Equal(expected.Loss, result.Loss, tolerance);
            Assert.Equal(expected.GlobalLoss, result.GlobalLoss, tolerance);
            Assert.Equal(expected.LocalLoss, result.LocalLoss, tolerance);
            Assert.Equal(expected.ChoiceLoss, result.ChoiceLoss, tolerance);
            Assert.Equal(expected.Correct, result.Correct, 1e-9);
            Assert.Equal(expected.GradientNorm, result.GradientNorm, 1e-3 * expected.GradientNorm);
            // After one step the optimiser's means are a tenth of the gradients, each of them.
            if (step == 0) GradientsAlike(State(one, "optimizer.mean."), State(several, "optimizer.mean."));
        }
    }

    private static void GradientsAlike(Dictionary<string, float[]> expected, Dictionary<string, float[]> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, mean) in expected)
        {
            var (length, apart) = (Length(mean), Length([.. mean.Zip(actual[name], (a, b) => a - b)]));
            Assert.True(apart <= 1e-3 * length + 1e-7, $"{name} differs by {apart} of {length}.");
        }

        static double Length(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));
    }

    private static float[] Weights<TSample>(ModelTrainer<TSample> trainer) => [.. State(trainer, "model.").OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => t.Value)];

    private static Dictionary<string, float[]> State<TSample>(ModelTrainer<TSample> trainer, string prefix)
    {
        using var folder = new TemporaryFolder();
        trainer.SaveState(folder.File("state"));
        using var scope = TorchSharp.torch.NewDisposeScope();
        return Safetensors.Load(folder.File("state")).Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(t => t.Key, t => t.Value.data<float>().ToArray());
    }
}
