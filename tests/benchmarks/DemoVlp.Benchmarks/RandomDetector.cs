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
}
