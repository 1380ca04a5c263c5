using System.Globalization;
using DemoVlp.Modeling.VideoLanguage.Evaluation;

namespace DemoVlp.Benchmarks;

/// <summary>Figures of <see cref="ShapesBenchmark"/> beside those that are required.</summary>
internal sealed class ShapesReport
{
    private readonly IReadOnlyList<Row> rows;
    private readonly string footnotes;

    internal ShapesReport(IReadOnlyList<Found> found, IReadOnlyList<Answered> answered, IReadOnlyList<Chosen> chosen)
    {
        var ranks = found.Select(f => f.Rank).ToArray();
        var answers = AnswerMetrics.Compute(answered.Select(a => a.Answer));
        rows =
        [
            OfRanks("text to video, R@1", 60, ranks, m => m.R1), OfRanks("text to video, R@5", null, ranks, m => m.R5), OfRanks("text to video, R@10", 95, ranks, m => m.R10),
            OfRanks("text to video, median rank", null, ranks, m => m.MedianRank),
            OfShare("questions, all", 85, answers.Overall), .. answers.ByType.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => OfShare($"questions, {t.Key}", null, t.Value)),
            OfShares("multiple choice, one of five", 95, [.. chosen.Select(c => c.Wrong is null)]),
        ];
        var wrong = chosen.Where(c => c.Wrong is not null).CountBy(c => c.Wrong!).OrderByDescending(w => w.Value).Select(w => $"{w.Key} {w.Value}").ToList();
        footnotes = $"""
            Searched by {Models(found.Select(f => f.Model))}; asked {Models(answered.Select(a => a.Model))}; chosen by {Models(chosen.Select(c => c.Model))}.
            Wrong choices by the trait that is wrong: {(wrong.Count > 0 ? string.Join(", ", wrong) : "none")}.
            """;
    }

    /// <summary>Whether nothing is below what is required.</summary>
    internal bool Reached => rows.All(r => r.Required is not { } required || r.Measured >= required);

    /// <summary>Prints the Markdown table and what belongs to it.</summary>
    internal void Print()
    {
        Console.WriteLine("| Through the gateway | Queries | Required | Measured | 95 % interval |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        foreach (var row in rows)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {row.Name} | {row.Count} | {(row.Required is { } least ? $"{least}" : "")} | {row.Measured:0.0} | {row.Interval.Low:0.0} to {row.Interval.High:0.0} |"));
        Console.WriteLine();
        Console.WriteLine(footnotes);
        foreach (var row in rows.Where(r => r.Measured < r.Required)) Console.WriteLine($"MISSED: {row.Name}");
    }

    private static Row OfRanks(string name, double? required, double[] ranks, Func<RetrievalMetrics, double> figure) =>
        new(name, ranks.Length, required, figure(RetrievalMetrics.FromRanks(ranks)), Bootstrap.Interval95(ranks, r => figure(RetrievalMetrics.FromRanks(r))));

    private static Row OfShare(string name, double? required, AccuracyShare share) =>
        new(name, share.Count, required, 100 * share.Accuracy, new Interval(100 * share.Interval95.Low, 100 * share.Interval95.High));

    private static Row OfShares(string name, double? required, bool[] right)
    {
        var percent = right.Select(r => r ? 100.0 : 0).ToArray();
        return new(name, right.Length, required, percent.Average(), Bootstrap.Interval95(percent, p => p.Average()));
    }

    private static string Models(IEnumerable<string> versions) => string.Join(" and ", versions.Distinct());

    private sealed record Row(string Name, int Count, double? Required, double Measured, Interval Interval);
}
