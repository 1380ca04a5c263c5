using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>Similarities of all captions (rows) and videos (columns) of a set.</summary>
/// <param name="Global">[C, V]: cosines.</param>
/// <param name="Local">[C, V]: region-word alignments.</param>
public sealed record RetrievalEvaluation(float[,] Global, float[,] Local)
{
    /// <summary>Compares every caption with every video.</summary>
    /// <param name="model">Gives the alignment.</param>
    /// <param name="texts">C captions, video by video.</param>
    /// <param name="videos">V videos.</param>
    /// <param name="cancellation">Asked before each caption.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>: a video or caption is not embedded, or its embedding is not finite.</exception>
    public static RetrievalEvaluation Compute(RetrievalModel model, IReadOnlyList<TextEmbedding> texts, IReadOnlyList<VideoEmbedding> videos, CancellationToken cancellation = default)
    {
        // A substitute, such as another video, would be counted as this one.
        for (var v = 0; v < videos.Count; v++) Require(videos[v]?.Global, videos[v]?.Local, "Video", v);
        for (var c = 0; c < texts.Count; c++) Require(texts[c]?.Global, texts[c]?.Local, "Caption", c);
        var (global, local) = (new float[texts.Count, videos.Count], new float[texts.Count, videos.Count]);
        for (var c = 0; c < texts.Count; c++)
        {
            cancellation.ThrowIfCancellationRequested();
            var alignment = model.Align(texts[c], videos);
            for (var v = 0; v < videos.Count; v++) (global[c, v], local[c, v]) = (texts[c].GlobalScore(videos[v]), alignment[v]);
        }
        return new RetrievalEvaluation(global, local);
    }

    /// <summary>[C, V]: what the model is meant to rank by, cosine plus alignment of the same pair.</summary>
    public double[,] Similarities() => Sum((c, v) => Local[c, v]);

    /// <summary>
    /// [N, N]: what the published evaluation ranks by. It adds cos(text i, video j) to the alignment of video i and text j; only the diagonal is consistent.
    /// Null unless there is one caption per video, where that has no meaning.
    /// </summary>
    public double[,]? ReferenceCompatibleSimilarities() => Local.GetLength(0) == Local.GetLength(1) ? Sum((c, v) => Local[v, c]) : null;

    /// <summary>Both directions of the consistent similarities, and beside them what the published evaluation would have printed.</summary>
    /// <param name="present">[C]: false for a caption that does not exist; all do if left out.</param>
    /// <param name="seed">Of the intervals.</param>
    public RetrievalReport Report(bool[]? present = null, int seed = 0)
    {
        var similarities = Similarities();
        return new RetrievalReport(
            RetrievalDirection.Of(ties => RetrievalRanks.TextToVideo(similarities, present, ties), seed),
            RetrievalDirection.Of(ties => RetrievalRanks.VideoToText(similarities, present, ties), seed),
            ReferenceCompatibleSimilarities() is { } published ? new(RetrievalMetrics.TextToVideo(published, present), RetrievalMetrics.VideoToText(published, present)) : null);
    }

    private static void Require(float[]? global, float[]? local, string what, int index)
    {
        if (global is null || local is null) throw new ModelFormatException("feature-missing", $"{what} {index} of the list has no features.");
        if (global.Any(x => !float.IsFinite(x)) || local.Any(x => !float.IsFinite(x))) throw new ModelFormatException("feature-missing", $"{what} {index} of the list has features that are not finite numbers.");
    }

    private double[,] Sum(Func<int, int, float> local)
    {
        var sums = new double[Global.GetLength(0), Global.GetLength(1)];
        for (var c = 0; c < sums.GetLength(0); c++)
            for (var v = 0; v < sums.GetLength(1); v++) sums[c, v] = (double)Global[c, v] + local(c, v);
        return sums;
    }
}
