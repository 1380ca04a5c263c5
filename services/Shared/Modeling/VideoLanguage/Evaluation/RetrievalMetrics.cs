// Retrieval metrics (spec section 7.2). Rows of a similarity matrix are captions, video by video; columns are videos.

namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>How far up the right partners stand, in the terms of the paper's tables.</summary>
/// <param name="R1">Percentage of queries whose partner comes first.</param>
/// <param name="R5">... among the first 5.</param>
/// <param name="R10">... among the first 10.</param>
/// <param name="R50">... among the first 50.</param>
/// <param name="MedianRank">Median rank, from 1.</param>
/// <param name="MeanRank">Mean rank, from 1; infinite if a video has no caption.</param>
/// <param name="GeometricMean">Of R1, R5 and R10; 0 if one of them is.</param>
/// <param name="R1Interval95">Wilson's 95 % interval of R1, in percent.</param>
public sealed record RetrievalMetrics(
    double R1, double R5, double R10, double R50, double MedianRank, double MeanRank, double GeometricMean, (double Low, double High) R1Interval95)
{
    /// <summary>Metrics of ranks counted from 0; ties may have given fractions.</summary>
    /// <param name="ranks">At least one.</param>
    /// <param name="queries">What percentages refer to; the number of ranks if left out.</param>
    public static RetrievalMetrics FromRanks(IReadOnlyCollection<double> ranks, int? queries = null)
    {
        if (ranks.Count == 0) throw new ArgumentException("There is nothing to rank.", nameof(ranks));
        double count = queries ?? ranks.Count;
        double Recall(Func<double, bool> found) => 100 * ranks.Count(found) / count;
        var (r1, r5, r10) = (Recall(r => r == 0), Recall(r => r < 5), Recall(r => r < 10));
        var sorted = ranks.Order().ToArray();
        var median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        var geometric = r1 * r5 * r10 == 0 ? 0 : Math.Exp((Math.Log(r1) + Math.Log(r5) + Math.Log(r10)) / 3);
        var (low, high) = Proportions.Wilson95(r1 / 100, count);
        return new RetrievalMetrics(r1, r5, r10, Recall(r => r < 50), median + 1, ranks.Average() + 1, geometric, (100 * low, 100 * high));
    }

    /// <summary>Captions looking for their video: a rank is the number of videos with a larger similarity, so ties count in favour.</summary>
    /// <param name="similarities">[C, V], C a multiple of V: caption c belongs to video c / (C/V).</param>
    /// <param name="present">[C]: false for a caption that does not exist; all do if left out.</param>
    public static RetrievalMetrics TextToVideo(double[,] similarities, bool[]? present = null)
    {
        var (captions, videos, per) = Sizes(similarities);
        var ranks = new List<double>(captions);
        for (var c = 0; c < captions; c++)
        {
            if (present is not null && !present[c]) continue;
            var (own, better) = (similarities[c, c / per], 0);
            for (var v = 0; v < videos; v++) if (similarities[c, v] > own) better++;
            ranks.Add(better);
        }
        return FromRanks(ranks);
    }

    /// <summary>Videos looking for one of their captions: the best of them counts, ties share their ranks; a video without captions ranks at infinity.</summary>
    /// <param name="similarities">[C, V], as for <see cref="TextToVideo"/>.</param>
    /// <param name="present">[C]: false for a caption that does not exist, which ranks behind all that do.</param>
    public static RetrievalMetrics VideoToText(double[,] similarities, bool[]? present = null)
    {
        var (captions, videos, per) = Sizes(similarities);
        var ranks = new double[videos];
        for (var v = 0; v < videos; v++)
        {
            ranks[v] = double.PositiveInfinity;
            for (var own = v * per; own < (v + 1) * per; own++)
            {
                if (present is not null && !present[own]) continue;
                var (value, better, equal) = (similarities[own, v], 0, 0);
                for (var c = 0; c < captions; c++)
                {
                    if (present is not null && !present[c]) continue;
                    if (similarities[c, v] > value) better++;
                    else if (similarities[c, v] == value) equal++;
                }
                ranks[v] = Math.Min(ranks[v], better + (equal - 1) / 2.0);
            }
        }
        return FromRanks(ranks);
    }

    private static (int Captions, int Videos, int Per) Sizes(double[,] similarities)
    {
        var (captions, videos) = (similarities.GetLength(0), similarities.GetLength(1));
        if (videos == 0 || captions == 0 || captions % videos != 0) throw new ArgumentException($"{captions} captions cannot be shared out evenly among {videos} videos.", nameof(similarities));
        return (captions, videos, captions / videos);
    }
}
