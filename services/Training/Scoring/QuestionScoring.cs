using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Scoring;

/// <summary>Measures question answering: the most probable answer to every question of the clips. A right answer that the model does not know counts as missed. Synchronous.</summary>
internal static class QuestionScoring
{
    private const int Batch = 16;

    /// <summary>The texts to be tokenised, in the order that <see cref="Score"/> expects them: all questions, clip after clip.</summary>
    public static IEnumerable<string> Texts(IReadOnlyList<Clip> clips) => clips.SelectMany(c => c.Questions).Select(q => q.Question);

    /// <summary>All questions of all clips.</summary>
    /// <param name="model">In evaluation mode.</param>
    /// <param name="clips">Clips; those without questions are passed over.</param>
    /// <param name="tokens">Token ids of <see cref="Texts"/> by index.</param>
    /// <param name="read">Where features come from.</param>
    /// <param name="progress">Told after each batch, in clips.</param>
    /// <param name="cancellationToken">Asked before each batch.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>, or <c>regions-mismatch</c>: the features are not of the model's kind.</exception>
    public static AnswerMetrics Score(
        QuestionAnsweringModel model, IReadOnlyList<Clip> clips, Func<int, IReadOnlyList<int>> tokens, ReadRegions read, IProgress<ScoringProgress>? progress, CancellationToken cancellationToken)
    {
        var predictions = new List<AnswerPrediction>();
        var asked = clips.Where(c => c.Questions.Count > 0).ToList();
        var done = 0;
        foreach (var (batch, frames) in ClipFeatures.InBatches(asked, Batch, read, cancellationToken))
        {
            var questions = batch.SelectMany((clip, i) => clip.Questions.Select((question, q) => (Id: $"{clip.Id}/{q}", Question: question, Frames: frames[i]))).ToList();
            var first = predictions.Count;
            var answers = model.AnswerEach([.. questions.Select(q => q.Frames)], [.. Enumerable.Range(first, questions.Count).Select(tokens)], top: 1);
            predictions.AddRange(questions.Zip(answers, (q, a) => new AnswerPrediction(q.Id, a.Answers[0].Answer, q.Question.Answer, q.Question.Type)));
            progress?.Report(new ScoringProgress(done += batch.Length, asked.Count));
        }
        return AnswerMetrics.Compute(predictions);
    }
}
