using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Modeling.VideoLanguage.Training;
using TorchSharp;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>A service steps and answers for weeks: no step and no request may leave a tensor behind.</summary>
public sealed class TensorLeakTests
{
    private static readonly TrainingOptions Options = new() { LearningRate = 1e-3, MaxGradientNorm = 1 };

    [Theory]
    [InlineData(PaddingRule.Masked)]
    [InlineData(PaddingRule.Reference)]
    public void RetrievalTrainer_OverTenSteps_KeepsNoTensors(PaddingRule padding)
    {
        var config = Config(padding);
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, Options);
        RetrievalSample[] batch = [.. Enumerable.Range(0, 3).Select(t => new RetrievalSample(Video(t, t, frames: 1 + t), Text(t)))];
        KeepsNothing(() =>
        {
            trainer.Step(batch);
            trainer.Evaluate(batch);
        });
    }

    [Fact]
    public void Trainers_WithReplicas_KeepNoTensors()
    {
        var config = Config(PaddingRule.Masked);
        var options = Options with { Replicas = 2 };
        using var retrieval = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, options);
        RetrievalSample[] pairs = [.. Enumerable.Range(0, 16).Select(i => new RetrievalSample(Video(i % 3, i, frames: 1 + i % 2), Text(i % 3)) { Choice = new SentenceChoice([Text(i % 3), Text(5)], 0) })];
        var answering = config.ForQuestionAnswering(3);
        using var questions = new QuestionAnsweringTrainer(ModelDirectory.Create(answering, 1), answering, options);
        QuestionSample[] asked = [.. Enumerable.Range(0, 16).Select(i => new QuestionSample(Video(i % 3, i), Text(i % 3), i % 3))];
        KeepsNothing(() =>
        {
            retrieval.Step(pairs);
            questions.Step(asked);
            questions.Evaluate(asked);
        }, () => retrieval.LiveTensors() + questions.LiveTensors());
    }

    [Theory]
    [InlineData(PaddingRule.Masked)]
    [InlineData(PaddingRule.Reference)]
    public void QuestionAnsweringTrainer_OverTenSteps_KeepsNoTensors(PaddingRule padding)
    {
        var config = Config(padding).ForQuestionAnswering(3);
        using var trainer = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Options);
        QuestionSample[] batch = [.. Enumerable.Range(0, 3).Select(t => new QuestionSample(Video(t, t, frames: 1 + t), Text(t), t))];
        KeepsNothing(() =>
        {
            trainer.Step(batch);
            trainer.Evaluate(batch);
        });
    }

    [Fact]
    public void Trainer_WhenSavedAndRestored_KeepsNoTensors()
    {
        using var folder = new TemporaryFolder();
        var config = Config(PaddingRule.Masked);
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, Options);
        RetrievalSample[] batch = [new(Video(0, 0), Text(0)), new(Video(1, 1), Text(1))];
        KeepsNothing(() =>
        {
            trainer.Step(batch);
            trainer.SaveState(folder.File("state"));
            trainer.RestoreState(folder.File("state"));
        });
    }

    [Theory]
    [InlineData(PaddingRule.Masked)]
    [InlineData(PaddingRule.Reference)]
    public void RetrievalModel_OverTenRequests_KeepsNoTensors(PaddingRule padding)
    {
        var config = Config(padding);
        using var model = new RetrievalModel(new LoadedModel(config, Evaluating(config), Vocabulary, []));
        KeepsNothing(() =>
        {
            var videos = model.EmbedVideos([Video(1, 1), Video(2, 2, frames: 2)]);
            var texts = model.EmbedTexts([Text(1), Text(2, 3)]);
            model.Align(texts[0], videos);
            model.Evidence(texts[0], videos[0]);
            model.ScoreOptions(videos[0], texts);
            RetrievalEvaluation.Compute(model, texts, videos, TestContext.Current.CancellationToken).Report();
        });
    }

    [Fact]
    public void QuestionAnsweringModel_OverTenRequests_KeepsNoTensors()
    {
        var config = Config(PaddingRule.Masked).ForQuestionAnswering(3);
        using var model = new QuestionAnsweringModel(new LoadedModel(config, Evaluating(config), Vocabulary, ["red", "green", "blue"]));
        KeepsNothing(() => model.AnswerAll([Video(1, 1), Video(2, 2, frames: 2)], Text(1, 2)));
    }

    [Fact]
    public void ModelDirectory_WhenLoadedAndFreed_KeepsNoTensors()
    {
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, FeatureDim);
        KeepsNothing(() => ModelDirectory.Load(folder.Path).Dispose());
    }

    private static ModelConfig Config(PaddingRule padding) => ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 3, 4) with { Padding = padding, MaxTextLength = 12 };

    private static torch.nn.Module Evaluating(ModelConfig config)
    {
        var network = ModelDirectory.Create(config, 1);
        network.eval();
        return network;
    }

    private static void KeepsNothing(Action act, Func<long>? ofOtherThreads = null)
    {
        act(); // The first time makes what stays: gradients, the optimiser's history.
        var before = Live();
        for (var i = 0; i < 10; i++) act();
        Assert.Equal(before, Live());

        long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount + (ofOtherThreads?.Invoke() ?? 0);
    }
}
