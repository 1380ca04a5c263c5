using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.VideoLanguage.Evaluation;

namespace DemoVlp.Training.Evaluations;

/// <summary>Reports of the model library as clients see them. Numbers that are quoted take ties by the mean of their ranks.</summary>
internal static class EvaluationReports
{
    private const int Digits = 4;

    public static EvaluationMetrics Describe(RetrievalReport report) => new()
    {
        TextToVideo = Describe(report.TextToVideo.Mean, report.TextToVideo.Intervals95.R1),
        VideoToText = Describe(report.VideoToText.Mean, report.VideoToText.Intervals95.R1),
        Ties = new TieMetrics(
            new DirectionMetrics(Describe(report.TextToVideo.Optimistic), Describe(report.VideoToText.Optimistic)),
            new DirectionMetrics(Describe(report.TextToVideo.Pessimistic), Describe(report.VideoToText.Pessimistic))),
        ReferenceCompatible = report.ReferenceCompatible is { } published
            ? new ReferenceMetrics { TextToVideo = Describe(published.TextToVideo), VideoToText = Describe(published.VideoToText) }
            : null,
    };

    public static EvaluationMetrics Describe(AnswerMetrics metrics) => new()
    {
        Accuracy = Rounded(metrics.Overall.Accuracy), AccuracyInterval95 = Describe(metrics.Overall.Interval95),
        ByType = metrics.ByType.OrderBy(t => t.Key, StringComparer.Ordinal).ToDictionary(t => t.Key, t => Rounded(t.Value.Accuracy)),
        CountByType = metrics.ByType.OrderBy(t => t.Key, StringComparer.Ordinal).ToDictionary(t => t.Key, t => t.Value.Count),
    };

    public static EvaluationMetrics Describe(MultipleChoiceReport report) => new()
    {
        Accuracy = Rounded(report.Intended.Accuracy), AccuracyInterval95 = Describe(report.Intended.Interval95),
        ReferenceCompatible = new ReferenceMetrics { Accuracy = Rounded(report.ReferenceCompatible.Accuracy) },
    };

    /// <summary>The number that models are compared by, in percent.</summary>
    public static double? MainMetric(EvaluationMetrics metrics) => metrics.TextToVideo?.R1 ?? 100 * metrics.Accuracy;

    /// <summary>Name of that number.</summary>
    public static string MainName(string task) => task == EvaluationTask.Retrieval ? "textToVideo.r1" : "accuracy";

    private static RankMetrics Describe(RetrievalMetrics m, Interval? r1 = null) => new(
        Rounded(m.R1), Rounded(m.R5), Rounded(m.R10), Rounded(m.R50), Rounded(m.MedianRank), Rounded(m.MeanRank), Rounded(m.GeometricMean), r1 is { } interval ? Describe(interval) : null);

    private static double[] Describe(Interval interval) => [Rounded(interval.Low), Rounded(interval.High)];

    private static double Rounded(double value) => Math.Round(value, Digits);
}
