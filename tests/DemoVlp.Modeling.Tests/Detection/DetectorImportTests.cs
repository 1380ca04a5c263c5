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
        DetectorImport.Import(Path.Combine(DetectorGoldens.Folder, file), folder.File("imported"), goldens.Config, expected.Classes, expected.Attributes);
        using var imported = DetectorDirectory.Load(folder.File("imported"), CPU);
        Assert.Equal(expected.Hash, imported.Hash);
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
