using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Modeling.VideoLanguage.Training;
using static TorchSharp.torch;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class TrainerTests
{
    private static readonly ModelConfig Config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 3, 4);
    private static readonly TrainingOptions Published = new() { LearningRate = 1e-3 };
    private static readonly TrainingOptions Options = new() { LearningRate = 1e-3, MaxGradientNorm = 1, Seed = 3 };

    [Fact]
    public void RetrievalTrainer_AfterSomeSteps_FindsUnseenVideosByTheirText()
    {
        using var folder = new TemporaryFolder();
        using (var trainer = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Options))
        {
            var first = trainer.Evaluate(Batch(1000)).Loss;
            for (var step = 0; step < 60; step++) trainer.Step(Batch(step));
            Assert.True(trainer.Evaluate(Batch(1000)).Loss < first);
            trainer.SaveModel(folder.Path, Vocabulary);
        }
        using var model = RetrievalModel.Load(folder.Path);
        var videos = model.EmbedVideos([.. Enumerable.Range(0, Things).Select(t => Video(t, 500 + t))]);
        var found = Enumerable.Range(0, Things).Count(t =>
        {
            var text = model.EmbedText(Text(t));
            var local = model.Align(text, videos);
            return Enumerable.Range(0, Things).MaxBy(v => text.GlobalScore(videos[v]) + local[v]) == t;
        });
        Assert.Equal(Things, found);
    }

    [Fact]
    public void RetrievalTrainer_WithNearMisses_LearnsFromThemWhatCaptionsDoNotSay()
    {
        using var folder = new TemporaryFolder();
        using (var trainer = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Options))
        {
            StepResult result = default;
            for (var step = 0; step < 240; step++) result = trainer.Step([.. Enumerable.Range(0, Things).Select(t => Mute(t, step * Things + t))]);
            Assert.Equal(result.Loss, result.GlobalLoss + result.LocalLoss + result.ChoiceLoss, 3);
            trainer.SaveModel(folder.Path, Vocabulary);
        }
        using var model = RetrievalModel.Load(folder.Path);
        var options = model.EmbedTexts([.. Enumerable.Range(0, Things).Select(t => (IReadOnlyList<int>)Text(t))]);
        Assert.All(Enumerable.Range(0, Things), t =>
        {
            var scores = model.ScoreOptions(model.EmbedVideo(Video(t, 500 + t)), options);
            Assert.Equal(t, Array.IndexOf(scores, scores.Max()));
        });

        // All have the same caption: only the choice says which thing it is.
        static RetrievalSample Mute(int thing, int seed) => new(Video(thing, seed), Text())
        {
            Choice = new SentenceChoice([.. Enumerable.Range(1, 3).Select(k => Text((thing + k * (1 + seed % 5)) % Things)).Prepend(Text(thing)).DistinctBy(o => o[1])], 0),
        };
    }

    [Fact]
    public void QuestionAnsweringTrainer_AfterSomeSteps_AnswersAboutUnseenVideos()
    {
        var config = Config.ForQuestionAnswering(Things);
        using var trainer = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Options);
        for (var step = 0; step < 60; step++) trainer.Step(Questions(step));
        Assert.Equal(1, trainer.Evaluate(Questions(1000)).Correct);
    }

    [Fact]
    public void QuestionAnsweringTrainer_OfSeveralQuestionsAboutAVideo_LearnsAsFromAsManyVideos()
    {
        var (first, second) = (Video(0, 7, frames: 3), Video(1, 8, frames: 2));
        QuestionSample[] shared = [new(first, Text(0), 0), new(second, Text(1), 1), new(first, Text(2), 2), new(second, Text(3), 0)];
        var apart = shared.Select(s => s with { Frames = [.. s.Frames] }).ToArray();
        var config = Config.ForQuestionAnswering(Things);
        using var one = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Options);
        using var other = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Options);

        for (var step = 0; step < 3; step++)
        {
            var (together, single) = (one.Step(shared), other.Step(apart));
            Assert.Equal(single.Loss, together.Loss, 1e-4);
            Assert.Equal(single.GradientNorm, together.GradientNorm, 1e-3);
        }
    }

    [Fact]
    public async Task Step_WhileNetworksAreMade_DrawsTheSameDropout()
    {
        var config = Config.ForQuestionAnswering(Things);
        var alone = Losses();
        using var stop = new CancellationTokenSource();
        var others = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) ModelDirectory.Create(Config, 5).Dispose();
        }, TestContext.Current.CancellationToken);
        var beside = Losses();
        await stop.CancelAsync();
        await others;
        Assert.Equal(alone, beside);

        List<double> Losses()
        {
            using var trainer = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Options);
            return [.. Enumerable.Range(0, 8).Select(step => trainer.Step(Questions(step)).Loss)];
        }
    }

    [Theory]
    [InlineData(PaddingRule.Masked)]
    [InlineData(PaddingRule.Reference)]
    public void RestoreState_InAnotherTrainer_ContinuesBitForBit(PaddingRule padding)
    {
        using var folder = new TemporaryFolder();
        var config = Config with { Padding = padding, MaxTextLength = 12 };
        using var whole = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, Options);
        var expected = Run(whole, 0, 3).Concat(Save(whole)).Concat(Run(whole, 3, 3)).ToList();

        using var resumed = new RetrievalTrainer(ModelDirectory.Create(config, 99), config, Options with { LearningRate = 7 });
        resumed.RestoreState(folder.File("state"));
        Assert.Equal(3, resumed.Steps);
        Assert.Equal(expected[3..], Run(resumed, 3, 3));
        whole.SaveState(folder.File("one"));
        resumed.SaveState(folder.File("two"));
        Assert.Equal(File.ReadAllBytes(folder.File("one")), File.ReadAllBytes(folder.File("two")));

        IEnumerable<StepResult> Save(RetrievalTrainer trainer)
        {
            trainer.SaveState(folder.File("state"));
            return [];
        }
    }

    [Fact]
    public void RestoreState_FromAModelFile_SaysThatItIsNoTrainingState()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Options);
        trainer.SaveModel(folder.Path, Vocabulary);
        Assert.Equal("training-state-mismatch", Assert.Throws<ModelFormatException>(() => trainer.RestoreState(folder.File("model.safetensors"))).Code);
    }

    [Fact]
    public void Step_WhenTheLossIsNoNumber_LeavesTheWeightsAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Options);
        trainer.SaveState(folder.File("before"));
        var batch = Batch(0);
        batch[0].Frames[0].Features[0] = float.NaN;
        batch[0].Frames[1].Features[0] = float.NaN;
        Assert.Throws<NotFiniteNumberException>(() => trainer.Step([.. batch.Select(s => s with { Frames = [batch[0].Frames[0]] })]));
        trainer.SaveState(folder.File("after"));
        Assert.Equal(File.ReadAllBytes(folder.File("before")), File.ReadAllBytes(folder.File("after")));
    }

    [Fact]
    public void RetrievalTrainer_WithTextsOfManyLengths_GivesTheLossOfEachTextAlone()
    {
        using var folder = new TemporaryFolder();
        RetrievalSample[] batch = [.. Enumerable.Range(0, Things).Select(t => new RetrievalSample(Video(t, t), Text(t))
        {
            Choice = new SentenceChoice([Text([.. Enumerable.Repeat(t, 1 + t)]), Text((t + 1) % Things), Text(0, t, 1), Text([.. Enumerable.Range(0, 9 - t).Select(i => (i + t) % Things)])], 0),
        })];
        double loss;
        using (var trainer = new RetrievalTrainer(ModelDirectory.Create(Config, 1), Config, Options))
        {
            loss = trainer.Evaluate(batch).ChoiceLoss;
            trainer.SaveModel(folder.Path, Vocabulary);
        }
        using var model = RetrievalModel.Load(folder.Path);
        var alone = batch.Average(sample =>
        {
            var scores = model.ScoreOptions(model.EmbedVideo(sample.Frames), [.. sample.Choice!.Options.Select(model.EmbedText)]).Select(s => s / Config.Temperature).ToArray();
            return Math.Log(scores.Sum(s => Math.Exp(s - scores[0])));
        });
        Assert.Equal(alone, loss, 4);
    }

    [Fact]
    public void RetrievalTrainer_UnderThePublishedRule_StepsAsTheLoopThatIsComparedWithTheReference()
    {
        var config = Config with { Padding = PaddingRule.Reference, MaxTextLength = 12, TextConfig = Config.TextConfig with { Dropout = 0.1, AttentionDropout = 0.1 } };
        RetrievalSample[] batch = [.. Enumerable.Range(0, Things).Select(t => new RetrievalSample(Video(t, t, config.ObjectConfig.NumFrames), Text([.. Enumerable.Range(0, 1 + 3 * t % Things)])))];
        var network = (ObjectRelation)ModelDirectory.Create(config, 1);
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, Published);
        StepsAlike(trainer, batch, network, () =>
        {
            var (ids, mask) = TextInput.Stack([.. batch.Select(s => s.TokenIds)], config, CPU);
            var (objects, objectMask) = ObjectInput.Stack([.. batch.Select(s => ObjectInput.Create(s.Frames, config.ObjectConfig))], CPU);
            return GlobalLocalLoss.For(config).Compute(network.call(ids, mask, objects, objectMask.to_type(ScalarType.Float64)), mask).Total;
        });
    }

    [Fact]
    public void QuestionAnsweringTrainer_UnderThePublishedRule_StepsAsTheLoopThatIsComparedWithTheReference()
    {
        var config = (Config with { Padding = PaddingRule.Reference, MaxTextLength = 12 }).ForQuestionAnswering(Things);
        QuestionSample[] batch = [.. Enumerable.Range(0, Things).Select(t => new QuestionSample(Video(t, t, config.ObjectConfig.NumFrames), Text([.. Enumerable.Range(0, 1 + t)]), t))];
        var network = (ObjectQARelation)ModelDirectory.Create(config, 1);
        using var trainer = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, Published);
        StepsAlike(trainer, batch, network, () =>
        {
            var (ids, mask) = TextInput.Stack([.. batch.Select(s => s.TokenIds)], config, CPU);
            var (objects, objectMask) = ObjectInput.Stack([.. batch.Select(s => ObjectInput.Create(s.Frames, config.ObjectConfig))], CPU);
            return nn.functional.cross_entropy(network.call(ids, mask, objects, objectMask.to_type(ScalarType.Float64)).Logits, tensor(batch.Select(s => (long)s.Label).ToArray()));
        });
    }

    /// <summary>Five steps of the trainer beside five of the loop in <see cref="TrainingGoldenTests"/>.</summary>
    private static void StepsAlike<TSample>(ModelTrainer<TSample> trainer, TSample[] batch, nn.Module network, Func<Tensor> loss)
    {
        using var scope = NewDisposeScope();
        using var optimizer = new AdamW(ModelWeights.Of(network), AdamWRule.Reference);
        network.train();
        for (var step = 0; step < 5; step++)
        {
            optimizer.ZeroGradients();
            manual_seed(step); // Of dropout, as the trainer seeds it.
            var value = loss();
            value.backward();
            var (norm, taken) = (optimizer.ClipGradients(), trainer.Step(batch));
            optimizer.Step(Published.LearningRate);
            Assert.Equal(value.to_type(ScalarType.Float64).item<double>(), taken.Loss, 1e-5);
            Assert.Equal(1, taken.GradientNorm / norm, 1e-4);
        }
        network.eval();
        Assert.Equal(loss().to_type(ScalarType.Float64).item<double>(), trainer.Evaluate(batch).Loss, 1e-4);
        network.Dispose();
    }

    private static List<StepResult> Run(RetrievalTrainer trainer, int from, int count) => [.. Enumerable.Range(from, count).Select(s => trainer.Step(Batch(s)))];

    /// <summary>One pair per thing; some videos are shorter.</summary>
    private static RetrievalSample[] Batch(int seed) =>
        [.. Enumerable.Range(0, Things).Select(t => new RetrievalSample(Video(t, seed * 100 + t, frames: 2 + (t + seed) % 4), Text(t)))];

    private static QuestionSample[] Questions(int seed) =>
        [.. Enumerable.Range(0, Things).Select(t => new QuestionSample(Video(t, seed * 100 + t), Text(seed % Things), t))];
}
