using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Benchmarks;

/// <summary>ResNet-101 C4 with 300 proposals and 1600 classes on one frame, same weights and picture on both sides; and torchvision's ResNet-50 FPN for orientation.</summary>
internal sealed class DetectorBenchmark : IDisposable
{
    private const int Width = 1000, Height = 600;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("demovlp-benchmark-");
    private readonly FrameImage frame;
    private readonly Peer peer;

    internal DetectorBenchmark(string python, int threads)
    {
        var config = DetectorConfig.R101;
        string[] classes = [.. Enumerable.Range(1, config.NumClasses - 1).Select(i => $"class {i}")], attributes = [.. Enumerable.Range(1, config.NumAttrs - 1).Select(i => $"attribute {i}")];
        DetectorDirectory.CreateRandom(folder.FullName, config, classes, attributes, seed: 1);
        using (var random = DetectorDirectory.Load(folder.FullName, CPU))
        {
            // Boxes that stay at their anchors: then 300 of them outlast the suppression.
            using var mode = no_grad();
            using var scope = NewDisposeScope();
            using var tenth = tensor(0.1f);
            random.Network.state_dict()["proposal_generator.rpn_head.anchor_deltas.weight"].mul_(tenth);
            DetectorDirectory.Save(folder.FullName, random.Network, classes, attributes);
        }
        frame = new FrameImage(0, 0, Width, Height, Picture());
        using (NewDisposeScope()) Safetensors.Save(Path.Combine(folder.FullName, "inputs.safetensors"),
            [("bgr", tensor(frame.Bgr, Height, Width, 3)), ("anchors", tensor(AnchorGenerator.Cell(config), config.AnchorsPerCell, 4))], new Dictionary<string, string>());
        peer = new Peer(python, "detector_peer.py", folder.FullName, $"{threads}");
    }

    internal void Run(Comparison table)
    {
        foreach (var (precision, required) in new[] { (ComputePrecision.Float32, 1.5), (ComputePrecision.BFloat16, 3.0) })
        {
            using var extractor = RegionExtractor.Load(folder.FullName, "cpu", precision);
            var name = precision == ComputePrecision.Float32 ? "float32" : "bfloat16";
            var regions = 0;
            table.Row($"R101-C4, 300 proposals, {name}", () => peer.Measure("c4"), () => regions = extractor.Extract([frame], 1)[0].Count, required);
            table.Row($"R101-C4, {name}, against torchvision's R50-FPN", () => peer.Measure("fpn"), () => extractor.Extract([frame], 1));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{regions} regions of {name}; the process's peak so far: {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:0.00} GB"));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        peer.Dispose();
        folder.Delete(recursive: true);
    }

    // Soft waves of colour with some noise: every part of it differs from the others.
    private static byte[] Picture()
    {
        var random = new Random(1);
        var bytes = new byte[Width * Height * 3];
        for (var i = 0; i < bytes.Length; i++)
        {
            var (x, y, c) = (i / 3 % Width, i / 3 / Width, i % 3);
            bytes[i] = (byte)(127 + 80 * Math.Sin(x * (0.011 + 0.004 * c)) * Math.Cos(y * (0.017 - 0.003 * c)) + random.Next(-40, 40));
        }
        return bytes;
    }
}
