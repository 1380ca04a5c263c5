using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;

namespace DemoVlp.Benchmarks;

/// <summary>
/// A training step of the tiny model, alone and beside a second process that does the same on the same processors: with waiting threads that sleep, as this system has them, and with those that
/// spin first, as OpenMP has them by default (decision 0017).
/// </summary>
internal static class NeighbourBenchmark
{
    private const int Pairs = 32, Words = 20;
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(3), Window = TimeSpan.FromSeconds(10);

    internal static void Run(int rounds)
    {
        Console.WriteLine("| Processes | Sleeping, ms a step | Spinning, ms a step | Ratio (lowest to highest) |");
        Console.WriteLine("|---:|---:|---:|---:|");
        foreach (var processes in (int[])[1, 2])
        {
            var pairs = Enumerable.Range(0, rounds).Select(_ => (Sleeping: Measure(processes, spins: false), Spinning: Measure(processes, spins: true))).ToList();
            var ratios = pairs.ConvertAll(p => p.Spinning / p.Sleeping);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {processes} | {Comparison.Median(pairs.ConvertAll(p => p.Sleeping)):0} | {Comparison.Median(pairs.ConvertAll(p => p.Spinning)):0} | {Comparison.Median(ratios):0.00} ({ratios.Min():0.00} to {ratios.Max():0.00}) |"));
        }
    }

    /// <summary>One of the processes: steps for a while and prints the milliseconds of one.</summary>
    internal static void Step()
    {
        var config = ModelConfig.Tiny(30522, 256, objectNum: 4, timeAttention: true);
        var batch = Enumerable.Range(0, Pairs).Select(i => new RetrievalSample(RandomVideo.Frames(i, config.ObjectConfig), [101, .. RandomVideo.Words(i, Words - 2), 102])).ToList();
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, new TrainingOptions());
        Steps(Warmup);
        Console.WriteLine(Steps(Window).ToString(CultureInfo.InvariantCulture));

        double Steps(TimeSpan time)
        {
            var (watch, steps) = (Stopwatch.StartNew(), 0);
            for (; watch.Elapsed < time; steps++) trainer.Step(batch);
            return watch.Elapsed.TotalMilliseconds / steps;
        }
    }

    private static double Measure(int processes, bool spins) => Enumerable.Range(0, processes).Select(_ => Start(spins)).ToList().ConvertAll(process =>
    {
        using (process)
        {
            var said = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return double.Parse(said, CultureInfo.InvariantCulture);
        }
    }).Average();

    private static Process Start(bool spins)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["neighbours", "--step"]) { RedirectStandardOutput = true };
        // What libgomp does where nothing is set.
        if (spins) start.Environment["GOMP_SPINCOUNT"] = "300000";
        return Process.Start(start)!;
    }
}
