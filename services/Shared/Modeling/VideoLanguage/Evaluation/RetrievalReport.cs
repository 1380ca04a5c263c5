namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>95 % intervals over the queries (<see cref="Bootstrap"/>) of the metrics of the same names.</summary>
public sealed record RetrievalIntervals(Interval R1, Interval R5, Interval R10, Interval MedianRank);

/// <summary>One direction of retrieval under each rule for ties; without ties all three are the same.</summary>
/// <param name="Optimistic">Ties in favour of the model.</param>
/// <param name="Mean">Ties shared: the numbers to quote.</param>
/// <param name="Pessimistic">Ties against the model.</param>
/// <param name="Intervals95">Of <paramref name="Mean"/>.</param>
public sealed record RetrievalDirection(RetrievalMetrics Optimistic, RetrievalMetrics Mean, RetrievalMetrics Pessimistic, RetrievalIntervals Intervals95)
{
    internal static RetrievalDirection Of(Func<TieRule, double[]> ranks, int seed)
    {
        var mean = ranks(TieRule.Mean);
        var intervals = Bootstrap.Intervals95(mean, [r => 100.0 * r.Count(x => x == 0) / r.Length, r => RetrievalMetrics.Recall(r, 5), r => RetrievalMetrics.Recall(r, 10), r => RetrievalMetrics.Median(r) + 1], seed);
        return new RetrievalDirection(RetrievalMetrics.FromRanks(ranks(TieRule.Optimistic)), RetrievalMetrics.FromRanks(mean), RetrievalMetrics.FromRanks(ranks(TieRule.Pessimistic)),
            new RetrievalIntervals(intervals[0], intervals[1], intervals[2], intervals[3]));
    }
}

/// <summary>What the published evaluation prints: other similarities (<see cref="RetrievalEvaluation.ReferenceCompatibleSimilarities"/>) and its own rule for ties in each direction.</summary>
public sealed record ReferenceCompatibleRetrieval(RetrievalMetrics TextToVideo, RetrievalMetrics VideoToText);

/// <summary>Retrieval both ways.</summary>
/// <param name="TextToVideo">Captions looking for their video.</param>
/// <param name="VideoToText">Videos looking for one of their captions.</param>
/// <param name="ReferenceCompatible">For comparison with numbers of the published code; null unless there is one caption per video.</param>
public sealed record RetrievalReport(RetrievalDirection TextToVideo, RetrievalDirection VideoToText, ReferenceCompatibleRetrieval? ReferenceCompatible);
