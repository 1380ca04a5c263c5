using DemoVlp.Modeling.Detection;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

[Trait("Category", "parity")]
public sealed class DetectorImportTests(DetectorGoldens goldens) : IClassFixture<DetectorGoldens>
{
    [Theory]
    [InlineData("weights.pth")]
    [InlineData("weights_legacy.pth")]
    [InlineData("weights.safetensors")]
    public void Import_OfAPublishedFormat_GivesTheSameDetector(string file)
    {
        using var folder = new TemporaryFolder();
        goldens.WriteDirectory(folder.File("expected"));
        using var expected = DetectorDirectory.Load(folder.File("expected"), CPU);
        Assert.Null(DetectorImport.Import(Path.Combine(DetectorGoldens.Folder, file), folder.File("imported"), goldens.Config, expected.Classes, expected.Attributes));
        using var imported = DetectorDirectory.Load(folder.File("imported"), CPU);
        Assert.Equal(expected.Hash, imported.Hash);
    }

    [Fact]
    public void Import_OfADetectorWhoseAnchorsAreSmall_SaysSo()
    {
        using var folder = new TemporaryFolder();
        var config = DetectorConfig.Tiny with { NumClasses = 2, NumAttrs = 2, AnchorScales = [1, 2, 4, 8] };
        DetectorDirectory.CreateRandom(folder.File("small"), config, ["circle"], ["red"], seed: 1);
        Assert.Contains("anchor", DetectorImport.Import(folder.File("small/model.safetensors"), folder.File("imported"), config, ["circle"], ["red"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_WithTheWrongShape_SaysWhichKey()
    {
        using var folder = new TemporaryFolder();
        var e = Assert.Throws<ModelFormatException>(() =>
            DetectorImport.Import(Path.Combine(DetectorGoldens.Folder, "weights.pth"), folder.File("imported"), DetectorConfig.Tiny, [], []));
        Assert.Equal("weights-mismatch", e.Code);
        Assert.Contains("backbone.stem.conv1.weight", e.Message);
        Assert.False(Directory.Exists(folder.File("imported")));
    }
}
