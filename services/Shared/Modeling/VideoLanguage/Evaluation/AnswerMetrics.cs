namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>One predicted answer.</summary>
/// <param name="QuestionId">Which question; of several predictions for one the last counts.</param>
/// <param name="Predicted">The model's answer.</param>
/// <param name="Expected">The right answer; one outside the model's answers is simply never met.</param>
/// <param name="Type">Kind of the question, e.g. <c>what</c> or <c>color</c>.</param>
public readonly record struct AnswerPrediction(string QuestionId, string Predicted, string Expected, string Type);

/// <summary>Share of right answers among some questions.</summary>
/// <param name="Accuracy">In [0, 1].</param>
/// <param name="Count">How many questions.</param>
/// <param name="Interval95">Of the accuracy (<see cref="Bootstrap"/>); [0, 1] without questions.</param>
public readonly record struct AccuracyShare(double Accuracy, int Count, Interval Interval95)
{
    internal static AccuracyShare Of(IReadOnlyList<bool> right, int seed)
    {
        if (right.Count == 0) return new AccuracyShare(0, 0, new Interval(0, 1));
        var values = right.Select(r => r ? 1.0 : 0.0).ToArray();
        return new AccuracyShare(values.Average(), values.Length, Bootstrap.Interval95(values, v => v.Average(), seed));
    }
}

/// <summary>Question answering metrics (spec section 7.2): answers are right if they are the same string.</summary>
/// <param name="Overall">Of all questions.</param>
/// <param name="ByType">Of each kind of question that occurs.</param>
public sealed record AnswerMetrics(AccuracyShare Overall, IReadOnlyDictionary<string, AccuracyShare> ByType)
{
    /// <summary>Metrics of predictions; all zero without any.</summary>
    /// <param name="predictions">In the order they were made.</param>
    /// <param name="seed">Of the intervals.</param>
    public static AnswerMetrics Compute(IEnumerable<AnswerPrediction> predictions, int seed = 0)
    {
        var last = new Dictionary<string, AnswerPrediction>(StringComparer.Ordinal);
        foreach (var prediction in predictions) last[prediction.QuestionId] = prediction;
        var types = last.Values.GroupBy(p => p.Type, StringComparer.Ordinal).ToDictionary(g => g.Key, g => Share(g), StringComparer.Ordinal);
        return new AnswerMetrics(Share(last.Values), types);

        AccuracyShare Share(IEnumerable<AnswerPrediction> some) => AccuracyShare.Of([.. some.Select(p => p.Predicted == p.Expected)], seed);
    }
}
