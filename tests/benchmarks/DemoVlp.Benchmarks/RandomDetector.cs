using DemoVlp.Modeling.Detection;
using static TorchSharp.torch;

namespace DemoVlp.Benchmarks;

/// <summary>The full ResNet-101 C4 with random weights, in a directory.</summary>
internal static class RandomDetector
{
    internal static void Write(string directory)
    {
        var config = DetectorConfig.R101;
        string[] classes = [.. Enumerable.Range(1, config.NumClasses - 1).Select(i => $"class {i}")], attributes = [.. Enumerable.Range(1, config.NumAttrs - 1).Select(i => $"attribute {i}")];
        DetectorDirectory.CreateRandom(directory, config, classes, attributes, seed: 1);
        using var random = DetectorDirectory.Load(directory, CPU);
        // Boxes that stay at their anchors: then 300 of them outlast the suppression.
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        using var tenth = tensor(0.1f);
        random.Network.state_dict()["proposal_generator.rpn_head.anchor_deltas.weight"].mul_(tenth);
        DetectorDirectory.Save(directory, random.Network, classes, attributes);
    }

    /// <summary>1000 x 600: soft waves of colour with some noise, every part of it different from the others.</summary>
    internal static FrameImage Frame()
    {
        const int width = 1000, height = 600;
        var random = new Random(1);
        var bytes = new byte[width * height * 3];
        for (var i = 0; i < bytes.Length; i++)
        {
            var (x, y, c) = (i / 3 % width, i / 3 / width, i % 3);
            bytes[i] = (byte)(127 + 80 * Math.Sin(x * (0.011 + 0.004 * c)) * Math.Cos(y * (0.017 - 0.003 * c)) + random.Next(-40, 40));
        }
        return new FrameImage(0, 0, width, height, bytes);
    }
}
