using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Tests.VideoLanguage;

namespace DemoVlp.Modeling.Tests.Detection;

[Trait("Category", "parity")]
public sealed class DetectorKeysTests
{
    [Fact]
    public void StateDict_OfTheR101Preset_HasThePublishedCheckpointsKeysAndShapes()
    {
        using var network = new FasterRcnn(DetectorConfig.R101);
        var approved = File.ReadAllLines(Path.Combine(GoldenSet.Repository(), "tests", "DemoVlp.Modeling.Tests", "Detection", "detector-keys.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => string.Join(' ', line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
            .Order(StringComparer.Ordinal);
        Assert.Equal(approved, network.state_dict().Select(t => $"{t.Key} [{string.Join(", ", t.Value.shape)}]").Order(StringComparer.Ordinal));
    }
}
