using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Scoring;

/// <summary>Measures retrieval: the first caption of each clip against every clip, by the score that search ranks by (cosine plus region-word alignment). Synchronous: call it on a thread that may be kept.</summary>
internal static class RetrievalScoring
{
    private const int Batch = 16;

    /// <summary>The texts to be tokenised, in the order that <see cref="Score"/> expects them: one a clip.</summary>
    public static IEnumerable<string> Texts(IReadOnlyList<Clip> clips) => clips.Select(c => c.Captions[0]);

    /// <summary>Both directions over all clips.</summary>
    /// <param name="model">In evaluation mode.</param>
    /// <param name="clips">At least one, each with a caption.</param>
    /// <param name="tokens">Token ids of <see cref="Texts"/> by index.</param>
    /// <param name="read">Where features come from.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellationToken">Asked before each batch.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>, or <c>regions-mismatch</c>: the features are not of the model's kind.</exception>
    public static RetrievalReport Score(
        RetrievalModel model, IReadOnlyList<Clip> clips, Func<int, IReadOnlyList<int>> tokens, ReadRegions read, IProgress<ScoringProgress>? progress, CancellationToken cancellationToken)
    {
        var (videos, texts) = (new List<VideoEmbedding>(clips.Count), new List<TextEmbedding>(clips.Count));
        foreach (var (_, frames) in ClipFeatures.InBatches(clips, Batch, read, cancellationToken))
        {
            texts.AddRange(model.EmbedTexts([.. Enumerable.Range(videos.Count, frames.Length).Select(tokens)]));
            videos.AddRange(model.EmbedVideos(frames));
            progress?.Report(new ScoringProgress(videos.Count, 2 * clips.Count));
        }
        var all = new RetrievalEvaluation(new float[clips.Count, clips.Count], new float[clips.Count, clips.Count]);
        for (var first = 0; first < clips.Count; first += Batch)
        {
            var part = RetrievalEvaluation.Compute(model, texts.GetRange(first, Math.Min(Batch, clips.Count - first)), videos, cancellationToken);
            Array.Copy(part.Global, 0, all.Global, (long)first * clips.Count, part.Global.Length);
            Array.Copy(part.Local, 0, all.Local, (long)first * clips.Count, part.Local.Length);
            progress?.Report(new ScoringProgress(clips.Count + first + part.Global.GetLength(0), 2 * clips.Count));
        }
        return all.Report();
    }
}
