using System.Text.Json;
using DemoVlp.Contracts.Http;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>The models that answer, measured on a generated data set: the record says what was measured on what, and how sure it is.</summary>
public sealed class EvaluationTests(StandaloneSystem system) : IClassFixture<StandaloneSystem>
{
    private const string Measured = "measured", Split = "test";
    private const int Clips = 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Evaluation_OfRetrieval_RanksEveryClipBothWaysAndSaysOnWhat()
    {
        var evaluation = await MeasureAsync(EvaluationTask.Retrieval, samples: Clips);

        var metrics = evaluation.Metrics!;
        foreach (var ranks in new[] { metrics.TextToVideo!, metrics.VideoToText!, metrics.ReferenceCompatible!.TextToVideo!, metrics.ReferenceCompatible.VideoToText! })
        {
            Assert.Equal([ranks.R1, ranks.R5, ranks.R10], new[] { ranks.R1, ranks.R5, ranks.R10 }.Order());
            Assert.InRange(ranks.R1, 0, 100);
            // Six clips have no eleventh place.
            Assert.Equal((100, 100), (ranks.R10, ranks.R50));
            Assert.InRange(ranks.MedianRank, 1, Clips);
            Assert.InRange(ranks.MeanRank, 1, Clips);
            Assert.InRange(ranks.GeometricMean, 0, 100);
        }
        AssertInterval(metrics.TextToVideo!.R1, metrics.TextToVideo.R1Interval95, 100);
        AssertInterval(metrics.VideoToText!.R1, metrics.VideoToText.R1Interval95, 100);
        Assert.InRange(metrics.TextToVideo.R1, metrics.Ties!.Pessimistic.TextToVideo.R1, metrics.Ties.Optimistic.TextToVideo.R1);
        Assert.InRange(metrics.VideoToText.R1, metrics.Ties.Pessimistic.VideoToText.R1, metrics.Ties.Optimistic.VideoToText.R1);
        Assert.Null(metrics.Accuracy);
        await AssertOfTheModelAsync(evaluation, "textToVideo.r1", metrics.TextToVideo.R1);
    }

    [Fact]
    public async Task Evaluation_OfQuestionAnswering_CountsEveryQuestionByItsKind()
    {
        await system.Client.MovingShapesAsync(Measured, 6, Clips, Token);
        var kinds = await system.Client.ListDatasetClipsAsync(Measured, Split, Token).SelectMany(clip => clip.Questions.ToAsyncEnumerable())
            .GroupBy(question => question.Type).ToDictionaryAsync(group => group.Key, group => group.Count(), cancellationToken: Token);

        var evaluation = await MeasureAsync(EvaluationTask.QuestionAnswering, kinds.Values.Sum());

        var metrics = evaluation.Metrics!;
        AssertInterval(metrics.Accuracy!.Value, metrics.AccuracyInterval95, 1);
        Assert.Equal(kinds.OrderBy(k => k.Key), metrics.CountByType!.OrderBy(k => k.Key));
        Assert.Equal(kinds.Keys.Order(), metrics.ByType!.Keys.Order());
        Assert.All(metrics.ByType.Values, share => Assert.InRange(share, 0, 1));
        Assert.Equal(metrics.Accuracy.Value, kinds.Sum(kind => kind.Value * metrics.ByType[kind.Key]) / kinds.Values.Sum(), 1e-3);
        Assert.Null(metrics.TextToVideo);
        await AssertOfTheModelAsync(evaluation, "accuracy", 100 * metrics.Accuracy.Value);
    }

    [Fact]
    public async Task Evaluation_OfMultipleChoice_GivesThePublishedChoiceBesideTheIntendedOne()
    {
        var evaluation = await MeasureAsync(EvaluationTask.MultipleChoice, samples: Clips);

        var metrics = evaluation.Metrics!;
        AssertInterval(metrics.Accuracy!.Value, metrics.AccuracyInterval95, 1);
        Assert.InRange(metrics.ReferenceCompatible!.Accuracy!.Value, 0, 1);
        // So many of six.
        Assert.Contains(metrics.Accuracy.Value, Enumerable.Range(0, Clips + 1).Select(right => Math.Round((double)right / Clips, 4)));
        await AssertOfTheModelAsync(evaluation, "accuracy", 100 * metrics.Accuracy.Value);
    }

    [Fact]
    public async Task Evaluation_OfTheSameModelOnTheSameData_MeasuresTheSame()
    {
        var first = await MeasureAsync(EvaluationTask.Retrieval, samples: Clips);
        var second = await MeasureAsync(EvaluationTask.Retrieval, samples: Clips);

        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(first.DatasetFingerprint, second.DatasetFingerprint);
        Assert.Equal(JsonSerializer.Serialize(first.Metrics), JsonSerializer.Serialize(second.Metrics));
    }

    private async Task<Evaluation> MeasureAsync(string task, int samples)
    {
        await system.Client.MovingShapesAsync(Measured, 6, Clips, Token);
        var model = await system.Client.ActiveAsync(task == EvaluationTask.QuestionAnswering ? task : EvaluationTask.Retrieval, Token);
        // Neither model nor split are named: those that answer are measured, on the test.
        var evaluation = await system.Client.MeasureAsync(new EvaluationRequest { Dataset = Measured, Task = task }, Token);
        Assert.True(evaluation.State == RunState.Completed, $"{evaluation.State} {evaluation.Failure}\n{system.Logs}");
        Assert.Equal((model.Version, Measured, Split, task), (evaluation.Model, evaluation.Dataset, evaluation.Split, evaluation.Task));
        Assert.Equal((samples, 0), (evaluation.Samples, evaluation.Missing));
        Assert.Matches("^[0-9a-f]{64}$", evaluation.DatasetFingerprint);
        Assert.True(evaluation.CreatedAt <= evaluation.StartedAt && evaluation.StartedAt <= evaluation.EndedAt);
        return evaluation;
    }

    private static void AssertInterval(double value, IReadOnlyList<double>? interval, double most)
    {
        Assert.Equal(2, interval!.Count);
        Assert.InRange(interval[0], 0, value);
        Assert.InRange(interval[1], value, most);
    }

    // What was measured stands with the model, where the gate and whoever chooses a model look for it.
    private async Task AssertOfTheModelAsync(Evaluation evaluation, string name, double value)
    {
        var metric = Assert.Single((await system.Client.GetModelAsync(evaluation.Model, Token)).Metrics, metric => metric.Evaluation == evaluation.Id);
        Assert.Equal((Measured, Split, evaluation.Task, name), (metric.Dataset, metric.Split, metric.Task, metric.Name));
        Assert.Equal(value, metric.Value, 1e-6);
        Assert.Equal(evaluation.Id, (await system.Client.ListEvaluationsAsync(evaluation.Model, Token).FirstAsync(Token)).Id);
    }
}
