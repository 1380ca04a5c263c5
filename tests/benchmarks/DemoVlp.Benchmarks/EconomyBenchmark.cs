using System.Globalization;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using ScottPlot;
using static TorchSharp.torch;

namespace DemoVlp.Benchmarks;

/// <summary>
/// The paper's economy: seconds that a training sample costs the region model and a pixel model of the same size (paper section 4.4 counts GPU hours),
/// in turn within one run, and how they grow with frames, regions and batch.
/// </summary>
internal sealed class EconomyBenchmark(int rounds)
{
    private const int Tokens = 20;
    private readonly List<(string Axis, int Value, double Regions, double? Pixels)> rows = [];

    /// <summary>Prints the tables and draws the plot.</summary>
    /// <param name="picture">Path of a PNG.</param>
    internal void Run(string picture)
    {
        Console.WriteLine("| Varied | Frames | Regions | Pairs | Region model, s a sample | Pixel model, s a sample | Ratio (lowest to highest) |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach (var frames in (int[])[1, 2, 4, 8]) Measure("frames", frames, frames, 30, 4);
        foreach (var regions in (int[])[10, 20, 30, 50]) Measure("regions", regions, 8, regions, 4, pixels: false);
        foreach (var batch in (int[])[2, 4, 8]) Measure("batch", batch, 4, 30, batch);
        Draw(picture);
        ReportExtraction();
    }

    // What comes before: each clip's frames go through the paper's detector once, and the passes over the clip that this is worth.
    private void ReportExtraction()
    {
        var perFrame = SecondsAFrame();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nExtraction by the paper's detector, 1000 x 600, float32: {perFrame:0.00} s a frame\n"));
        Console.WriteLine("| Frames | Extraction, s a clip | Paid for after passes |");
        Console.WriteLine("|---:|---:|---:|");
        foreach (var row in rows.Where(r => r.Axis == "frames"))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {row.Value} | {row.Value * perFrame:0.0} | {row.Value * perFrame / (row.Pixels!.Value - row.Regions):0.0} |"));
    }

    private double SecondsAFrame()
    {
        var folder = Directory.CreateTempSubdirectory("demovlp-economy-");
        try
        {
            RandomDetector.Write(folder.FullName);
            using var extractor = RegionExtractor.Load(folder.FullName, "cpu");
            var frame = RandomDetector.Frame();
            extractor.Extract([frame], 1);
            return Comparison.Median([.. Enumerable.Range(0, rounds).Select(_ => Cost.Of(() => extractor.Extract([frame], 1)).Wall)]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void Measure(string axis, int value, int frames, int regions, int batch, bool pixels = true)
    {
        using var scope = NewDisposeScope();
        var config = ModelConfig.Base with { ObjectConfig = ModelConfig.Base.ObjectConfig with { NumFrames = frames, ObjectNum = regions } };
        var samples = Enumerable.Range(0, batch)
            .Select(i => new RetrievalSample(RandomVideo.Frames(i, config.ObjectConfig), [101, .. RandomVideo.Words(i, Tokens - 2), 102])).ToList();
        using var ours = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, new TrainingOptions());
        using var pixel = pixels ? new PixelTrainer(config) : null;
        var pictures = rand([batch, frames, 3, PixelTransformer.Side, PixelTransformer.Side]);
        var (ids, mask) = (randint(1000, 30000, [batch, Tokens]), ones(batch, Tokens, ScalarType.Int64));

        ours.Step(samples);
        pixel?.Step(pictures, ids, mask);
        var (mine, other) = (new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++)
        {
            mine.Add(Cost.Of(() => ours.Step(samples)).Wall / batch);
            if (pixel is not null) other.Add(Cost.Of(() => pixel.Step(pictures, ids, mask)).Wall / batch);
        }
        var ratios = other.Zip(mine, (o, m) => o / m).ToList();
        var ratio = ratios.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Comparison.Median(ratios):0.0} ({ratios.Min():0.0} to {ratios.Max():0.0})");
        rows.Add((axis, value, Comparison.Median(mine), other.Count == 0 ? null : Comparison.Median(other)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {axis} | {frames} | {regions} | {batch} | {Comparison.Median(mine):0.00} | {(other.Count == 0 ? "" : Comparison.Median(other).ToString("0.00", CultureInfo.InvariantCulture))} | {ratio} |"));
    }

    private void Draw(string path)
    {
        var axes = rows.Select(r => r.Axis).Distinct().ToList();
        var plots = new Multiplot();
        plots.AddPlots(axes.Count);
        plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
        foreach (var (axis, plot) in axes.Zip(plots.GetPlots()))
        {
            var of = rows.Where(r => r.Axis == axis).ToList();
            Line(plot, "regions", [.. of.Select(r => ((double)r.Value, r.Regions))]);
            var pixels = of.Where(r => r.Pixels is not null).Select(r => ((double)r.Value, r.Pixels!.Value)).ToArray();
            if (pixels.Length > 0) Line(plot, "pixels (ViT-B/16)", pixels);
            plot.Axes.SetLimitsY(0, of.Max(r => Math.Max(r.Regions, r.Pixels ?? 0)) * 1.1);
            plot.XLabel(axis == "batch" ? "pairs of a batch (4 frames, 30 regions)" : axis == "frames" ? "frames (30 regions, 4 pairs)" : "regions a frame (8 frames, 4 pairs)");
            plot.YLabel("seconds a sample");
            plot.ShowLegend(Alignment.UpperLeft);
        }
        plots.SavePng(path, 1500, 450);
        Console.WriteLine($"Plot: {Path.GetFullPath(path)}");
    }

    private static void Line(Plot plot, string name, (double X, double Y)[] points)
    {
        var line = plot.Add.Scatter(points.Select(p => p.X).ToArray(), points.Select(p => p.Y).ToArray());
        (line.LegendText, line.LineWidth, line.MarkerSize) = (name, 2, 8);
    }
}
