using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

public sealed class DetectorDirectoryTests : IDisposable
{
    private static readonly string[] Classes = ["circle", "square"];
    private static readonly string[] Attributes = ["red", "green", "blue"];
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void CreateTiny_WithOneSeedTwice_GivesTheSameFilesAndAnotherSeedOthers()
    {
        var directories = new[] { "a", "b", "c" }.Select(folder.File).ToArray();
        DetectorDirectory.CreateTiny(directories[0], Classes, Attributes, seed: 1);
        DetectorDirectory.CreateTiny(directories[1], Classes, Attributes, seed: 1);
        DetectorDirectory.CreateTiny(directories[2], Classes, Attributes, seed: 2);
        foreach (var file in Directory.GetFiles(directories[0]).Select(Path.GetFileName))
            Assert.Equal(File.ReadAllBytes(Path.Combine(directories[0], file!)), File.ReadAllBytes(Path.Combine(directories[1], file!)));
        using var one = DetectorDirectory.Load(directories[0], CPU);
        using var other = DetectorDirectory.Load(directories[2], CPU);
        Assert.NotEqual(one.Hash, other.Hash);
        Assert.Matches("^[0-9a-f]{64}$", one.Hash);
    }

    [Theory]
    [InlineData("classes.txt", "circle\nsquare\n", "circle\nsquares\n")]
    [InlineData("config.json", "\"conf_thresh\": 0.2", "\"conf_thresh\": 0.3")]
    [InlineData("config.json", "\"name\": \"tiny-frcn\"", "\"name\": \"tiny-other\"")]
    public void HashOf_WhenANameOrASettingDiffers_IsAnother(string file, string was, string becomes)
    {
        DetectorDirectory.CreateTiny(folder.Path, Classes, Attributes, seed: 1);
        var before = DetectorDirectory.HashOf(folder.Path);
        var text = File.ReadAllText(folder.File(file));
        Assert.Contains(was, text);

        File.WriteAllText(folder.File(file), text.Replace(was, becomes));

        Assert.NotEqual(before, DetectorDirectory.HashOf(folder.Path));
        using var loaded = DetectorDirectory.Load(folder.Path, CPU);
        Assert.Equal(DetectorDirectory.HashOf(folder.Path), loaded.Hash);
    }

    [Fact]
    public void Load_OfWhatWasSaved_GivesConfigurationNamesAndEveryWeightBack()
    {
        DetectorDirectory.CreateTiny(folder.File("a"), Classes, Attributes, seed: 3);
        using var first = DetectorDirectory.Load(folder.File("a"), CPU);
        DetectorDirectory.Save(folder.File("b"), first.Network, first.Classes, first.Attributes);
        using var second = DetectorDirectory.Load(folder.File("b"), CPU);
        Assert.Equal(Classes, second.Classes);
        Assert.Equal(Attributes, second.Attributes);
        Assert.Equal("tiny-frcn", second.Name);
        Assert.Equal(first.Hash, second.Hash);
        Assert.Equal(first.Config.ToJson(), second.Config.ToJson());
        Assert.Equal((3, 4), (second.Config.NumClasses, second.Config.NumAttrs));
    }

    [Fact]
    public void Load_WhenNamesHaveSynonymsAndWindowsLineEnds_TakesTheFirstOfEach()
    {
        DetectorDirectory.CreateTiny(folder.Path, Classes, Attributes, seed: 3);
        File.WriteAllText(folder.File("classes.txt"), "circle,disc, round thing\r\nsquare\r\n\r\n");
        using var loaded = DetectorDirectory.Load(folder.Path, CPU);
        Assert.Equal(Classes, loaded.Classes);
    }

    [Theory]
    [InlineData("config.json", "[]", "config-invalid")]
    [InlineData("config.json", "{\"blocks\": [1, 1, 2]}", "config-invalid")]
    [InlineData("config.json", "{\"blocks\": null}", "config-invalid")]
    [InlineData("config.json", "{\"name\": null}", "config-invalid")]
    [InlineData("config.json", "{\"res2_out\": 1e99}", "config-invalid")]
    [InlineData("config.json", "{\"num_classes\": 3, \"num_attrs\": 4}", "weights-mismatch")]
    [InlineData("classes.txt", "circle\n", "names-invalid")]
    [InlineData("classes.txt", "circle\n\nsquare\n", "names-invalid")]
    [InlineData("attributes.txt", "red\ngreen\nblue\nblack\n", "names-invalid")]
    [InlineData("model.safetensors", "nothing", "safetensors-malformed")]
    [InlineData("model.safetensors", null, "model-incomplete")]
    [InlineData("attributes.txt", null, "model-incomplete")]
    public void Load_WhenAFileIsWrong_SaysWhich(string file, string? content, string code)
    {
        DetectorDirectory.CreateTiny(folder.Path, Classes, Attributes, seed: 3);
        if (content is null) File.Delete(folder.File(file));
        else File.WriteAllText(folder.File(file), content);
        Assert.Equal(code, Assert.Throws<ModelFormatException>(() => DetectorDirectory.Load(folder.Path, CPU)).Code);
    }

    public static TheoryData<string> Damages => ["missing", "unknown", "shape", "nan", "integer"];

    [Theory]
    [MemberData(nameof(Damages))]
    public void Load_WhenWeightsDoNotFit_NamesTheKey(string damage)
    {
        using var scope = NewDisposeScope();
        DetectorDirectory.CreateTiny(folder.Path, Classes, Attributes, seed: 3);
        const string key = "roi_heads.box_predictor.cls_score.bias";
        var tensors = Safetensors.Load(folder.File("model.safetensors")).ToDictionary();
        var named = key;
        switch (damage)
        {
            case "missing": tensors.Remove(key); break;
            case "unknown": tensors["extra.weight"] = ones(1); named = "extra.weight"; break;
            case "shape": tensors[key] = ones(9); break;
            case "nan": tensors[key] = tensor([1f, float.NaN, 1f]); break;
            default: tensors[key] = ones(3, dtype: ScalarType.Int64); break;
        }
        Safetensors.Save(folder.File("model.safetensors"), tensors.Select(t => (t.Key, t.Value)));
        var e = Assert.Throws<ModelFormatException>(() => DetectorDirectory.Load(folder.Path, CPU));
        Assert.Equal("weights-mismatch", e.Code);
        Assert.Contains(named, e.Message);
    }

    [Fact]
    public void Load_WhenACheckpointHasCountersAPrefixHalfPrecisionAndNoAnchors_StillFits()
    {
        using var scope = NewDisposeScope();
        using var source = new FasterRcnn(DetectorConfig.Tiny);
        using var target = new FasterRcnn(DetectorConfig.Tiny);
        var tensors = source.state_dict().Where(t => !t.Key.Contains("cell_anchors"))
            .ToDictionary(t => "module." + t.Key, t => t.Value.to(ScalarType.Float64));
        tensors["module.roi_heads.res5.0.conv1.norm.num_batches_tracked"] = tensor(3L);
        DetectorWeights.Load(target, tensors);
        var (given, loaded) = (source.state_dict(), target.state_dict());
        Assert.All(given, t => Assert.True(t.Value.eq(loaded[t.Key]).all().item<bool>(), t.Key));
    }

    [Fact]
    public void Grid_WhenTheCheckpointHasItsOwnAnchors_UsesThose()
    {
        using var scope = NewDisposeScope();
        using var network = new FasterRcnn(DetectorConfig.Tiny);
        var tensors = network.state_dict();
        const string key = "proposal_generator.anchor_generator.cell_anchors.0";
        tensors[key] = tensors[key] + 5;
        DetectorWeights.Load(network, tensors);
        Assert.True(network.ProposalGenerator.Anchors.Grid(1, 1).eq(tensors[key]).all().item<bool>());
    }

    [Fact]
    public void Statistics_WhenTheNetworkIsConverted_GoWithIt()
    {
        // The same replacement of buffers that a move to another device makes, seen without one.
        using var scope = NewDisposeScope();
        using var norm = new FrozenBatchNorm(2);
        using var anchors = new AnchorGenerator(DetectorConfig.Tiny);
        ModuleExtensionMethods.to(norm, ScalarType.Float64);
        ModuleExtensionMethods.to(anchors, ScalarType.Float64);
        Assert.Equal((ScalarType.Float64, ScalarType.Float64), (norm.Affine().Scale.dtype, norm.Affine().Shift.dtype));
        Assert.Equal(ScalarType.Float64, anchors.Grid(1, 1).dtype);
    }

    [Fact]
    public void Cell_OfTheR101Preset_GivesCaffesTwelveAnchors() => Assert.Equal(
        [
            -38, -16, 53, 31, -84, -40, 99, 55, -176, -88, 191, 103, -360, -184, 375, 199,
            -24, -24, 39, 39, -56, -56, 71, 71, -120, -120, 135, 135, -248, -248, 263, 263,
            -14, -36, 29, 51, -36, -80, 51, 95, -80, -168, 95, 183, -168, -344, 183, 359,
        ],
        AnchorGenerator.Cell(DetectorConfig.R101));
}
