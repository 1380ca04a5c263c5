using System.Globalization;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.MovingShapes;

namespace DemoVlp.Benchmarks;

/// <summary>What bfloat16 changes in the regions that the built-in detector finds in Moving Shapes frames.</summary>
internal static class DetectorPrecision
{
    private const int Scenes = 50, FramesOfAScene = 3;

    internal static void Run()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "detector");
        using var exact = RegionExtractor.Load(folder, "cpu");
        using var rounded = RegionExtractor.Load(folder, "cpu", ComputePrecision.BFloat16);
        var frames = new MovingShapesSet(20_261_124).Scenes(Split.Test).Take(Scenes).SelectMany(scene => DrawnFrames.Of(scene, FramesOfAScene)).ToList();
        Agreement found = new(0), seen = new(0.2f), given = new(0);
        double exactTime = 0, roundedTime = 0;
        foreach (var frame in frames)
        {
            FrameRegions truth = null!, other = null!;
            exactTime += Cost.Of(() => truth = exact.Extract([frame], 1)[0]).Processor;
            roundedTime += Cost.Of(() => other = rounded.Extract([frame], 1)[0]).Processor;
            found.Add(truth, other);
            seen.Add(truth, other);
            given.Add(truth, rounded.Describe(frame, truth.Boxes));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{frames.Count} frames, regions in float32 against bfloat16; processor time of a frame {exactTime / frames.Count:0.000} s and {roundedTime / frames.Count:0.000} s"));
        Console.WriteLine("| | Regions | Same class | Same attribute | Box overlap, mean (lowest) | Overlap of 0.9 or more | Feature cosine, mean (lowest) |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        found.Print("each region and the one found nearest to it");
        seen.Print("the same, of those with a confidence of 0.2 or more");
        given.Print("each region and its own box described");
    }

    private sealed class Agreement(float leastConfidence)
    {
        private readonly List<double> overlaps = [], cosines = [];
        private int classes, attributes;

        internal void Add(FrameRegions expected, FrameRegions actual)
        {
            for (var i = 0; i < expected.Count; i++)
            {
                if (expected.ClassConfidences[i] < leastConfidence) continue;
                var box = expected.Boxes[(4 * i)..(4 * i + 4)];
                var j = Enumerable.Range(0, actual.Count).MaxBy(k => Overlap(box, actual.Boxes[(4 * k)..(4 * k + 4)]));
                overlaps.Add(Overlap(box, actual.Boxes[(4 * j)..(4 * j + 4)]));
                cosines.Add(Cosine(Row(expected, i), Row(actual, j)));
                if (expected.ClassIds[i] == actual.ClassIds[j]) classes++;
                if (expected.AttributeIds[i] == actual.AttributeIds[j]) attributes++;
            }
        }

        internal void Print(string name) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {overlaps.Count} | {(double)classes / overlaps.Count:P2} | {(double)attributes / overlaps.Count:P2} | {overlaps.Average():0.0000} ({overlaps.Min():0.000}) | {overlaps.Count(o => o >= 0.9) / (double)overlaps.Count:P2} | {cosines.Average():0.00000} ({cosines.Min():0.00000}) |"));

        private static ReadOnlySpan<float> Row(FrameRegions frame, int i) => frame.Features.AsSpan(i * frame.Features.Length / frame.Count, frame.Features.Length / frame.Count);

        private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            double ab = 0, aa = 0, bb = 0;
            for (var i = 0; i < a.Length; i++) (ab, aa, bb) = (ab + (double)a[i] * b[i], aa + (double)a[i] * a[i], bb + (double)b[i] * b[i]);
            return ab / Math.Sqrt(aa * bb);
        }

        private static double Overlap(float[] a, float[] b)
        {
            var w = Math.Max(0, Math.Min(a[2], b[2]) - Math.Max(a[0], b[0]));
            var h = Math.Max(0, Math.Min(a[3], b[3]) - Math.Max(a[1], b[1]));
            return w * h / ((a[2] - a[0]) * (double)(a[3] - a[1]) + (b[2] - b[0]) * (double)(b[3] - b[1]) - w * h);
        }
    }
}
