using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>A batch that replicas share out is learnt from as by one network.</summary>
public sealed class ReplicaTests
{
    private static readonly ModelConfig Config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 3, 4);
    private static readonly TrainingOptions Alone = new() { LearningRate = 1e-3, MaxGradientNorm = 1, Seed = 3 };

    [Theory]
    [InlineData(2, true, true)]
    [InlineData(3, true, true)]
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
    public void QuestionAnsweringTrainer_OfVideosOfUnequalLength_StepsAsHoweverManyReplicas()
    {
        var config = Config.ForQuestionAnswering(Things);
        using var two = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 2 });
        using var three = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Alone with { Replicas = 3 });
        StepAlike(two, three, step => Questions(29, 5, step, frames: i => 1 + i % 3));
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
    public void RestoreState_WithReplicas_ContinuesBitForBit()
    {
        using var folder = new TemporaryFolder();
        var options = Alone with { Replicas = 2 };
        using var whole = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, options);
        Steps(whole, 0);
        whole.SaveState(folder.File("state"));
        var expected = Steps(whole, 3);
        using var resumed = new RetrievalTrainer(ModelDirectory.Create(Config, 99), Config, options);
        resumed.RestoreState(folder.File("state"));
        Assert.Equal(expected, Steps(resumed, 3));
        Assert.Equal(Weights(whole), Weights(resumed));

        List<StepResult> Steps(RetrievalTrainer trainer, int first) => [.. Enumerable.Range(first, 3).Select(step => trainer.Step(Pairs(18, step, near: i => i % 2 == 0)))];
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

    private static void StepAlike<TSample>(ModelTrainer<TSample> one, ModelTrainer<TSample> several, Func<int, TSample[]> batch, int steps = 3)
    {
        for (var step = 0; step < steps; step++)
        {
            var (expected, result) = (one.Step(batch(step)), several.Step(batch(step)));
            Assert.Equal(expected.Loss, result.Loss, 1e-4);
            Assert.Equal(expected.GlobalLoss, result.GlobalLoss, 1e-4);
            Assert.Equal(expected.LocalLoss, result.LocalLoss, 1e-4);
            Assert.Equal(expected.ChoiceLoss, result.ChoiceLoss, 1e-4);
            Assert.Equal(expected.Correct, result.Correct, 1e-9);
            Assert.Equal(expected.GradientNorm, result.GradientNorm, 1e-3 * expected.GradientNorm);
        }
        // AdamW's first steps are of one size for a gradient however small: what rounding leaves of one may differ by all of it.
        var (weights, others) = (Weights(one), Weights(several));
        Assert.True(weights.Zip(others).Average(w => Math.Abs(w.First - w.Second)) < 1e-5, $"The weights differ by {weights.Zip(others).Average(w => Math.Abs(w.First - w.Second))} on average.");
    }

    private static float[] Weights<TSample>(ModelTrainer<TSample> trainer)
    {
        using var folder = new TemporaryFolder();
        trainer.SaveState(folder.File("state"));
        using var scope = TorchSharp.torch.NewDisposeScope();
        return [.. Safetensors.Load(folder.File("state")).Where(t => t.Key.StartsWith("model.", StringComparison.Ordinal)).OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => t.Value.data<float>().ToArray())];
    }
}
