namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>Multiple choice metrics (spec section 7.2).</summary>
/// <param name="Accuracy">Share of right choices among the questions that were answered, in [0, 1].</param>
/// <param name="Count">How many questions were answered.</param>
public sealed record MultipleChoiceMetrics(double Accuracy, int Count)
{
    /// <summary>Compares chosen with right options by question id; questions without a prediction are left out.</summary>
    /// <exception cref="KeyNotFoundException">A prediction for a question that does not exist.</exception>
    public static MultipleChoiceMetrics Compute(IReadOnlyDictionary<string, int> expected, IReadOnlyDictionary<string, int> predicted) =>
        new(predicted.Count == 0 ? 0 : predicted.Count(p => expected[p.Key] == p.Value) / (double)predicted.Count, predicted.Count);
}
