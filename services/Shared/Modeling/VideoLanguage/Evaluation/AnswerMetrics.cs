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
public readonly record struct TypeAccuracy(double Accuracy, int Count);

/// <summary>Question answering metrics (spec section 7.2): answers are right if they are the same string.</summary>
/// <param name="Accuracy">Share of right answers, in [0, 1].</param>
/// <param name="Count">How many questions.</param>
/// <param name="ByType">The same for each kind of question that occurs.</param>
public sealed record AnswerMetrics(double Accuracy, int Count, IReadOnlyDictionary<string, TypeAccuracy> ByType)
{
    /// <summary>Metrics of predictions; all zero without any.</summary>
    public static AnswerMetrics Compute(IEnumerable<AnswerPrediction> predictions)
    {
        var last = new Dictionary<string, AnswerPrediction>(StringComparer.Ordinal);
        foreach (var prediction in predictions) last[prediction.QuestionId] = prediction;
        var types = last.Values.GroupBy(p => p.Type, StringComparer.Ordinal).ToDictionary(g => g.Key, g => Share(g), StringComparer.Ordinal);
        return new AnswerMetrics(Share(last.Values).Accuracy, last.Count, types);
    }

    private static TypeAccuracy Share(IEnumerable<AnswerPrediction> predictions)
    {
        var all = predictions.ToList();
        return new TypeAccuracy(all.Count == 0 ? 0 : all.Count(p => p.Predicted == p.Expected) / (double)all.Count, all.Count);
    }
}
