using System.Diagnostics;
using System.Globalization;

namespace DemoVlp.Benchmarks;

/// <summary>What a case took.</summary>
/// <param name="Wall">Seconds on the clock.</param>
/// <param name="Processor">Seconds of processor time in all threads: what is left of a measurement on a machine that others use too.</param>
internal readonly record struct Cost(double Wall, double Processor)
{
    internal static Cost Of(Action action)
    {
        var process = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        action();
        return new Cost(clock.Elapsed.TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - process).TotalSeconds);
    }
}

/// <summary>Prints rows of a Markdown table: both sides in turn, the medians, and the median of the pairs' ratios.</summary>
/// <param name="rounds">Pairs of measurements in a row.</param>
/// <param name="only">Leaves out rows whose name does not contain this.</param>
internal sealed class Comparison(int rounds, string? only)
{
    private bool started;

    /// <summary>One row. Each side runs once before it counts.</summary>
    internal void Row(string name, Func<Cost> peer, Action ours, double? required = null)
    {
        if (only is not null && !name.Contains(only, StringComparison.OrdinalIgnoreCase)) return;
        if (!started)
        {
            Console.WriteLine("| Case | Peer, s | Ours, s | Ratio (lowest to highest) | Ratio of processor time | Required |");
            Console.WriteLine("|---|---:|---:|---:|---:|---:|");
            started = true;
        }
        peer();
        ours();
        var pairs = Enumerable.Range(0, rounds).Select(_ => (Peer: peer(), Ours: Cost.Of(ours))).ToList();
        var ratios = pairs.Select(p => p.Peer.Wall / p.Ours.Wall).ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            | {name} | {Median(pairs.Select(p => p.Peer.Wall)):0.000} | {Median(pairs.Select(p => p.Ours.Wall)):0.000} | {Median(ratios):0.00} ({ratios.Min():0.00} to {ratios.Max():0.00}) | {Median(pairs.Select(p => p.Peer.Processor / p.Ours.Processor)):0.00} | {required:0.0} |
            """));
    }

    /// <summary>The value in the middle, or between the two there.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
