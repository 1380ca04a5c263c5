using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Benchmarks;

/// <summary>ResNet-101 C4 with 300 proposals and 1600 classes on one frame, same weights and picture on both sides; and torchvision's ResNet-50 FPN for orientation.</summary>
internal sealed class DetectorBenchmark : IDisposable
{
    private const int Proposals = 300;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("demovlp-benchmark-");
    private readonly string device;
    private readonly FrameImage frame;
    private readonly float[] boxes;
    private readonly Tensor probabilities;
    private readonly Peer peer;

    internal DetectorBenchmark(string python, int threads, string device)
    {
        this.device = device;
        RandomDetector.Write(folder.FullName);
        frame = RandomDetector.Frame();
        boxes = Boxes();
        using (NewDisposeScope())
        {
            var onHost = (rand(Proposals, DetectorConfig.R101.NumClasses) * tensor(12f)).softmax(1);
            probabilities = onHost.to(ComputeDevice.Choose(device)).DetachFromDisposeScope();
            Safetensors.Save(Path.Combine(folder.FullName, "inputs.safetensors"),
                [("bgr", tensor(frame.Bgr, frame.Height, frame.Width, 3)), ("anchors", tensor(AnchorGenerator.Cell(DetectorConfig.R101), DetectorConfig.R101.AnchorsPerCell, 4)), ("boxes", tensor(boxes, Proposals, 4)), ("probabilities", onHost)], new Dictionary<string, string>());
        }
        peer = new Peer(python, "detector_peer.py", folder.FullName, $"{threads}", device);
    }

    internal void Run(Comparison table)
    {
        var config = DetectorConfig.R101;
        table.Row("class suppression, 1600 classes x 300 boxes", () => peer.Measure("suppression"),
            () => BoxSelection.Keep(BoxSelection.MaximumConfidence(boxes, probabilities, config.ClsNms, onHost: probabilities.device_type != TorchSharp.DeviceType.CUDA), config.ConfThresh, config.MinBoxes, config.MaxBoxes));
        foreach (var (precision, required) in new[] { (ComputePrecision.Float32, 1.5), (ComputePrecision.BFloat16, 3.0) })
        {
            using var extractor = RegionExtractor.Load(folder.FullName, device, precision);
            var name = precision == ComputePrecision.Float32 ? "float32" : "bfloat16";
            var regions = 0;
            table.Row($"R101-C4, 300 proposals, {name}", () => peer.Measure("c4"), () => regions = extractor.Extract([frame], 1)[0].Count, required);
            table.Row($"R101-C4, {name}, against torchvision's R50-FPN", () => peer.Measure("fpn"), () => extractor.Extract([frame], 1));
            if (regions > 0) Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{regions} regions of {name}; the process's peak so far: {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:0.00} GB"));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        peer.Dispose();
        probabilities.Dispose();
        folder.Delete(recursive: true);
    }

    // Crowded: many of them overlap by more than the threshold.
    private static float[] Boxes()
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, Proposals).SelectMany(_ =>
        {
            var (x, y) = (random.NextSingle() * 700, random.NextSingle() * 400);
            return new[] { x, y, x + 30 + random.NextSingle() * 270, y + 30 + random.NextSingle() * 170 };
        })];
    }
}
