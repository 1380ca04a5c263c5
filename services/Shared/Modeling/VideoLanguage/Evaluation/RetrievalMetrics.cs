// Retrieval metrics (spec section 7.2). Rows of a similarity matrix are captions, video by video; columns are videos.

namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>What a partner's rank is among others with exactly its similarity.</summary>
public enum TieRule
{
    /// <summary>Before all of them: a model that scores everything alike looks perfect. The published text-to-video metric.</summary>
    Optimistic,

    /// <summary>The mean of their ranks. The published video-to-text metric.</summary>
    Mean,

    /// <summary>Behind all of them.</summary>
    Pessimistic,
}

/// <summary>How far up the right partners stand, in the terms of the paper's tables.</summary>
/// <param name="R1">Percentage of queries whose partner comes first.</param>
/// <param name="R5">... among the first 5.</param>
/// <param name="R10">... among the first 10.</param>
/// <param name="R50">... among the first 50.</param>
/// <param name="MedianRank">Median rank, from 1.</param>
/// <param name="MeanRank">Mean rank, from 1; infinite if a video has no caption.</param>
/// <param name="GeometricMean">Of R1, R5 and R10; 0 if one of them is.</param>
public sealed record RetrievalMetrics(double R1, double R5, double R10, double R50, double MedianRank, double MeanRank, double GeometricMean)
{
    /// <summary>Metrics of ranks counted from 0; ties may have given fractions.</summary>
    /// <param name="ranks">At least one.</param>
    /// <param name="queries">What percentages refer to; the number of ranks if left out.</param>
    public static RetrievalMetrics FromRanks(IReadOnlyCollection<double> ranks, int? queries = null)
    {
        if (ranks.Count == 0) throw new ArgumentException("There is nothing to rank.", nameof(ranks));
        double count = queries ?? ranks.Count;
        var (r1, r5, r10) = (100 * ranks.Count(r => r == 0) / count, Recall(ranks, 5, count), Recall(ranks, 10, count));
        var geometric = r1 * r5 * r10 == 0 ? 0 : Math.Exp((Math.Log(r1) + Math.Log(r5) + Math.Log(r10)) / 3);
        return new RetrievalMetrics(r1, r5, r10, Recall(ranks, 50, count), Median(ranks) + 1, ranks.Average() + 1, geometric);
    }

    /// <summary>Captions looking for their video, with ties as published unless another rule is given.</summary>
    /// <param name="similarities">[C, V], C a multiple of V: caption c belongs to video c / (C/V).</param>
    /// <param name="present">[C]: false for a caption that does not exist; all do if left out.</param>
    /// <param name="ties">Rank among equals.</param>
    public static RetrievalMetrics TextToVideo(double[,] similarities, bool[]? present = null, TieRule ties = TieRule.Optimistic) =>
        FromRanks(RetrievalRanks.TextToVideo(similarities, present, ties));

    /// <summary>Videos looking for one of their captions, with ties as published unless another rule is given: the best of them counts; a video without captions ranks at infinity.</summary>
    /// <param name="similarities">[C, V], as for <see cref="TextToVideo"/>.</param>
    /// <param name="present">[C]: false for a caption that does not exist, which ranks behind all that do.</param>
    /// <param name="ties">Rank among equals.</param>
    public static RetrievalMetrics VideoToText(double[,] similarities, bool[]? present = null, TieRule ties = TieRule.Mean) =>
        FromRanks(RetrievalRanks.VideoToText(similarities, present, ties));

    internal static double Recall(IReadOnlyCollection<double> ranks, int k, double? count = null) => 100 * ranks.Count(r => r < k) / (count ?? ranks.Count);

    internal static double Median(IReadOnlyCollection<double> ranks)
    {
        var sorted = ranks.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
