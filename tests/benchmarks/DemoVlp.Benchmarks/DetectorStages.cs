using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.VideoLanguage;
using TorchSharp;
using static TorchSharp.torch;

namespace DemoVlp.Benchmarks;

/// <summary>Where the time of a frame goes in the full-size detector: each stage by itself, waited for.</summary>
internal static class DetectorStages
{
    internal static void Run(string device, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("demovlp-stages-");
        try
        {
            RandomDetector.Write(folder.FullName);
            var columns = new[] { ComputePrecision.Float32, ComputePrecision.BFloat16 }.Select(precision => Measure(folder.FullName, ComputeDevice.Choose(device), precision, rounds)).ToList();
            Console.WriteLine("| Stage | float32, ms | share | bfloat16, ms | share |");
            Console.WriteLine("|---|---:|---:|---:|---:|");
            foreach (var (i, (name, _)) in columns[0].Index())
            {
                var cells = columns.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c[i].Milliseconds:0.0} | {c[i].Milliseconds / c.Sum(s => s.Milliseconds):0.0 %}"));
                Console.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| all | {columns[0].Sum(s => s.Milliseconds):0} | | {columns[1].Sum(s => s.Milliseconds):0} | |"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<(string Name, double Milliseconds)> Measure(string folder, Device device, ComputePrecision precision, int rounds)
    {
        using var mode = inference_mode();
        using var detector = DetectorDirectory.Load(folder, device);
        var (network, config, frame) = (detector.Network, detector.Config, RandomDetector.Frame());
        network.Fold(precision == ComputePrecision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        var onHost = network.RoiHeads.OnHost = network.ProposalGenerator.OnHost = device.type != DeviceType.CUDA;
        var plan = ImageResize.Plan(frame.Height, frame.Width, config.ShortSide, config.LongSide);
        var times = new List<(string Name, double Milliseconds)>();
        for (var round = 0; round <= rounds; round++)
        {
            using var scope = NewDisposeScope();
            if (round == 1) times.Clear(); // The first does not count.
            var input = Time("picture to input", () => ImageResize.Input(frame.Bgr, frame.Height, frame.Width, config.PixelMean, plan, device)).unsqueeze(0);
            var map = Time("stem to res4", () => network.Backbone.call(input));
            var (logits, deltas) = Time("proposal head", () => network.ProposalGenerator.Head.call(map));
            var proposals = Time("proposals: decoding, sorting, suppression", () => network.ProposalGenerator.Propose(logits, deltas, plan.Height, plan.Width, plan.Scale)[0]);
            var features = Time($"pooling and res5 of {config.PostNmsTopk} proposals", () => network.RoiHeads.Features(map, proposals.Boxes, RegionExtractor.ProposalsTogether(device)));
            var classLogits = Time("classes", () => network.RoiHeads.Predictor.Classes(features));
            var confidence = Time("class suppression", () => BoxSelection.MaximumConfidence(RegionExtractor.Original(proposals.Boxes, plan.Scale), classLogits.softmax(1), config.ClsNms, onHost));
            Time("attributes and features of what is kept, to the host", () =>
            {
                var rows = tensor(BoxSelection.Keep(confidence, config.ConfThresh, config.MinBoxes, config.MaxBoxes), dtype: ScalarType.Int64, device: device);
                var kept = features.index_select(0, rows);
                return (network.RoiHeads.Predictor.Attributes(kept, classLogits.argmax(1).index_select(0, rows)).softmax(1).cpu(), kept.cpu());
            });
        }
        return [.. times.GroupBy(t => t.Name).Select(g => (g.Key, Comparison.Median(g.Select(t => t.Milliseconds))))];

        T Time<T>(string name, Func<T> stage)
        {
            var clock = Stopwatch.StartNew();
            var result = stage();
            if (device.type == DeviceType.CUDA) cuda.synchronize(device);
            times.Add((name, clock.Elapsed.TotalMilliseconds));
            return result;
        }
    }
}
