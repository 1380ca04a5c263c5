using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Scoring;

/// <summary>Measures multiple choice: the options of a question compete as captions of the clip (paper section 4.3). Synchronous.</summary>
internal static class ChoiceScoring
{
    private const int Batch = 16;

    /// <summary>The texts to be tokenised, in the order that <see cref="Score"/> expects them: all options of all questions, clip after clip.</summary>
    public static IEnumerable<string> Texts(IReadOnlyList<Clip> clips) => clips.SelectMany(c => c.Choices).SelectMany(c => c.Options);

    /// <summary>All choices of all clips.</summary>
    /// <param name="model">In evaluation mode.</param>
    /// <param name="clips">Clips; those without choices are passed over.</param>
    /// <param name="tokens">Token ids of <see cref="Texts"/> by index.</param>
    /// <param name="read">Where features come from.</param>
    /// <param name="progress">Told after each batch, in clips.</param>
    /// <param name="cancellationToken">Asked before each batch.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>, or <c>regions-mismatch</c>: the features are not of the model's kind.</exception>
    public static MultipleChoiceReport Score(
        RetrievalModel model, IReadOnlyList<Clip> clips, Func<int, IReadOnlyList<int>> tokens, ReadRegions read, IProgress<ScoringProgress>? progress, CancellationToken cancellationToken)
    {
        var questions = new List<MultipleChoiceQuestion>();
        var asked = clips.Where(c => c.Choices.Count > 0).ToList();
        var (text, done) = (0, 0);
        foreach (var (batch, frames) in ClipFeatures.InBatches(asked, Batch, read, cancellationToken))
        {
            var videos = model.EmbedVideos(frames);
            var options = model.EmbedTexts([.. Enumerable.Range(text, Texts(batch).Count()).Select(tokens)]);
            text += options.Count;
            var next = 0;
            for (var i = 0; i < batch.Length; i++)
            {
                for (var c = 0; c < batch[i].Choices.Count; c++)
                {
                    var choice = batch[i].Choices[c];
                    questions.Add(Question(model, $"{batch[i].Id}/{c}", videos[i], [.. options.Skip(next).Take(choice.Options.Count)], choice.Answer));
                    next += choice.Options.Count;
                }
            }
            progress?.Report(new ScoringProgress(done += batch.Length, asked.Count));
        }
        return MultipleChoiceReport.Compute(questions);
    }

    private static MultipleChoiceQuestion Question(RetrievalModel model, string id, VideoEmbedding video, IReadOnlyList<TextEmbedding> options, int answer)
    {
        var local = options.Select(o => model.Align(o, [video])[0]).ToList();
        var cosines = options.Select(o => o.GlobalScore(video)).ToList();
        // The published code's cosine is that of option 0 throughout.
        return new MultipleChoiceQuestion(id, [.. cosines.Zip(local, (g, l) => g + l)], [.. local.Select(l => cosines[0] + l)], answer);
    }
}
