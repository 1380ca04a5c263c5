using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class MetricsTests
{
    [Fact]
    public void Ranks_OfAModelThatScoresEverythingAlike_DependOnTheRuleForTiesAlone()
    {
        var report = new RetrievalEvaluation(new float[5, 5], new float[5, 5]).Report();
        foreach (var direction in new[] { report.TextToVideo, report.VideoToText })
            Assert.Equal((1, 3, 5), (direction.Optimistic.MedianRank, direction.Mean.MedianRank, direction.Pessimistic.MedianRank));
        Assert.Equal((100, 0), (report.ReferenceCompatible!.TextToVideo.R1, report.ReferenceCompatible.VideoToText.R1)); // As published: one rule each.
    }

    [Fact]
    public void Ranks_WithoutTies_AreTheSameUnderEveryRule()
    {
        var random = new Random(1);
        var scores = new float[12, 4];
        for (var i = 0; i < scores.Length; i++) scores[i / 4, i % 4] = random.NextSingle();
        var report = new RetrievalEvaluation(scores, new float[12, 4]).Report();
        Assert.Equal(report.TextToVideo.Optimistic, report.TextToVideo.Pessimistic);
        Assert.Equal(report.VideoToText.Optimistic, report.VideoToText.Pessimistic);
        Assert.Null(report.ReferenceCompatible); // Adding captions-by-videos to videos-by-captions means nothing here.
    }

    [Fact]
    public void Similarities_AddTheAlignmentOfTheSamePair_AndThePublishedOnesBesideThem()
    {
        var evaluation = new RetrievalEvaluation(new float[,] { { 1, 2 }, { 3, 4 } }, new float[,] { { 10, 20 }, { 30, 40 } });
        Assert.Equal(new double[,] { { 11, 22 }, { 33, 44 } }, evaluation.Similarities());
        Assert.Equal(new double[,] { { 11, 32 }, { 23, 44 } }, evaluation.ReferenceCompatibleSimilarities());
    }

    [Fact]
    public void Interval95_OfAKnownShare_IsTheBinomialOne()
    {
        // 71 of 100 right: the binomial distribution with p = 0.71 has its 2.5th and 97.5th percentile at 0.62 and 0.80.
        var values = Enumerable.Range(0, 100).Select(i => i < 71 ? 1.0 : 0.0).ToArray();
        var interval = Bootstrap.Interval95(values, v => v.Average());
        Assert.InRange(interval.Low, 0.60, 0.64);
        Assert.InRange(interval.High, 0.78, 0.81);
        Assert.Equal(interval, Bootstrap.Interval95(values, v => v.Average()));
        Assert.NotEqual(interval, Bootstrap.Interval95([.. values.Take(90)], v => v.Average(), seed: 5));
    }

    [Fact]
    public void Report_GivesIntervalsAroundTheMeanRule()
    {
        var random = new Random(3);
        var scores = new float[40, 40];
        for (var i = 0; i < scores.Length; i++) scores[i / 40, i % 40] = random.NextSingle() + (i / 40 == i % 40 ? 0.4f : 0);
        var report = new RetrievalEvaluation(scores, new float[40, 40]).Report();
        foreach (var direction in new[] { report.TextToVideo, report.VideoToText })
        {
            Assert.InRange(direction.Mean.R1, direction.Intervals95.R1.Low, direction.Intervals95.R1.High);
            Assert.InRange(direction.Mean.R5, direction.Intervals95.R5.Low, direction.Intervals95.R5.High);
            Assert.InRange(direction.Mean.MedianRank, direction.Intervals95.MedianRank.Low, direction.Intervals95.MedianRank.High);
            Assert.True(direction.Intervals95.R1.Low < direction.Intervals95.R1.High);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Compute_WhenAVideoHasNoFeatures_SaysWhichAndTakesNoOther(float broken)
    {
        var config = ModelConfig.Tiny(SyntheticVideos.Vocabulary.Length, SyntheticVideos.FeatureDim, 2, 3);
        using var model = new RetrievalModel(new LoadedModel(config, ModelDirectory.Create(config, 1), SyntheticVideos.Vocabulary, []));
        var texts = model.EmbedTexts([SyntheticVideos.Text(1), SyntheticVideos.Text(2)]);
        var videos = model.EmbedVideos([SyntheticVideos.Video(1, 1), SyntheticVideos.Video(2, 2)]).ToArray();
        ModelFormatException Fault() => Assert.Throws<ModelFormatException>(() => RetrievalEvaluation.Compute(model, texts, videos, TestContext.Current.CancellationToken));

        videos[1].Local[3] = broken;
        Assert.Equal("feature-missing", Fault().Code);
        videos[1] = null!;
        Assert.Equal("feature-missing", Fault().Code);
        Assert.Contains("Video 1", Fault().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_OfSimilaritiesThatAreNoNumbers_AreRefused() =>
        Assert.Equal("feature-missing", Assert.Throws<ModelFormatException>(() => RetrievalMetrics.TextToVideo(new[,] { { 1, double.NaN }, { 0, 1 } })).Code);

    [Fact]
    public void Metrics_OfInputsThatDoNotBelongTogether_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => RetrievalMetrics.TextToVideo(new double[2, 2], present: [true]));
        Assert.Throws<ArgumentException>(() => RetrievalMetrics.VideoToText(new double[0, 2]));
        Assert.Equal("feature-missing", Assert.Throws<ModelFormatException>(() => MultipleChoiceReport.Compute([new("none", [], [], 0)])).Code);
    }

    [Fact]
    public void MultipleChoice_CountsTheIntendedChoiceAndThePublishedOneBesideIt()
    {
        MultipleChoiceQuestion[] questions = [new("a", [0, 2, 1], [3, 2, 1], 1), new("b", [5, 5, 1], [1, 2, 3], 0)];
        var report = MultipleChoiceReport.Compute(questions);
        Assert.Equal((1.0, 0.0, 2), (report.Intended.Accuracy, report.ReferenceCompatible.Accuracy, report.Intended.Count));
        Assert.Equal("feature-missing", Assert.Throws<ModelFormatException>(() => MultipleChoiceReport.Compute([new("c", [0, float.NaN], [0, 0], 0)])).Code);
    }

    [Fact]
    public void AnswerMetrics_ByType_CarryTheirOwnIntervals()
    {
        var predictions = Enumerable.Range(0, 30).Select(i => new AnswerPrediction($"{i}", i % 3 == 0 ? "no" : "yes", "yes", i < 20 ? "what" : "how"));
        var metrics = AnswerMetrics.Compute(predictions);
        Assert.Equal(20, metrics.ByType["what"].Count);
        Assert.InRange(metrics.Overall.Accuracy, metrics.Overall.Interval95.Low, metrics.Overall.Interval95.High);
        Assert.True(metrics.ByType["how"].Interval95.High - metrics.ByType["how"].Interval95.Low > metrics.Overall.Interval95.High - metrics.Overall.Interval95.Low);
        Assert.Equal(new AccuracyShare(0, 0, new Interval(0, 1)), AnswerMetrics.Compute([]).Overall);
    }
}
