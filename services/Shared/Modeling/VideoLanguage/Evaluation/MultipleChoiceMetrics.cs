namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>One question with its options' scores (<see cref="MultipleChoiceScores"/>).</summary>
/// <param name="QuestionId">Which question.</param>
/// <param name="Scores">[K]: as meant.</param>
/// <param name="ReferenceCompatible">[K]: as the published code adds them up.</param>
/// <param name="Expected">The right option, 0 to K-1.</param>
public sealed record MultipleChoiceQuestion(string QuestionId, IReadOnlyList<float> Scores, IReadOnlyList<float> ReferenceCompatible, int Expected);

/// <summary>Multiple choice as meant, and what the published code's scores would have chosen.</summary>
public sealed record MultipleChoiceReport(AccuracyShare Intended, AccuracyShare ReferenceCompatible)
{
    /// <summary>Chooses the option with the largest score, the first of equal ones.</summary>
    /// <param name="questions">All questions.</param>
    /// <param name="seed">Of the intervals.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>: a score is not a number, or a question has no options.</exception>
    public static MultipleChoiceReport Compute(IReadOnlyCollection<MultipleChoiceQuestion> questions, int seed = 0) => new(
        AccuracyShare.Of([.. questions.Select(q => Best(q.QuestionId, q.Scores) == q.Expected)], seed),
        AccuracyShare.Of([.. questions.Select(q => Best(q.QuestionId, q.ReferenceCompatible) == q.Expected)], seed));

    private static int Best(string question, IReadOnlyList<float> scores)
    {
        if (scores.Count == 0 || scores.Any(float.IsNaN)) throw new ModelFormatException("feature-missing", $"An option of question {question} has no score: the video or the option has no usable features.");
        return Enumerable.Range(0, scores.Count).MaxBy(i => scores[i]);
    }
}

/// <summary>Multiple choice metrics (spec section 7.2).</summary>
public static class MultipleChoiceMetrics
{
    /// <summary>Compares chosen with right options by question id; questions without a prediction are left out.</summary>
    /// <exception cref="KeyNotFoundException">A prediction for a question that does not exist.</exception>
    public static AccuracyShare Compute(IReadOnlyDictionary<string, int> expected, IReadOnlyDictionary<string, int> predicted, int seed = 0) =>
        AccuracyShare.Of([.. predicted.Select(p => expected[p.Key] == p.Value)], seed);
}
