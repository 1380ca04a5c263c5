using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>Sources that are odd, contradict each other or come back from where they were exported to.</summary>
public sealed class OddSourcesTests
{
    private const string Temporal = "object_model.temporal_embed";
    private static readonly string[] Vocabulary = [.. Enumerable.Range(0, 200).Select(i => $"t{i}")];
    private static readonly ImportOptions Small = new() { HeadWidth = 16 };

    [Fact]
    public void ToModelDirectory_WhenTheTemporalEmbeddingCannotBeResized_SaysWhatIsWrongWithIt()
    {
        using var scope = NewDisposeScope();
        foreach (var fix in Enum.GetValues<TemporalFix>())
        {
            var options = Small with { NumFrames = 8, TemporalFix = fix };
            Assert.Contains(Temporal, Changed(w => w.Remove(Temporal), options, "checkpoint-foreign"), StringComparison.Ordinal);
            Assert.Contains(Temporal, Changed(w => w[Temporal] = zeros(4), options, "checkpoint-foreign"), StringComparison.Ordinal);
            Assert.Contains(Temporal, Changed(w => w[Temporal] = w[Temporal].to_type(ScalarType.Int64), options, "weights-mismatch"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ToModelDirectory_OfNumbersTooLargeForFloat32_Refuses()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("object_model.norm.bias holds a value that is not finite",
            Changed(w => w["object_model.norm.bias"] = full(64, 1e300, ScalarType.Float64), Small, "weights-mismatch"), StringComparison.Ordinal);
    }

    [Fact]
    public void ToModelDirectory_OfSourcesThatContradictOrAreNotThere_SaysSo()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = CommittedGoldens.Weights("retrieval_f4n5.pth");
        Assert.Equal("model-incomplete", Code(new() { Checkpoint = folder.File("none.pth"), Vocabulary = Vocabulary }));
        Assert.Equal("model-incomplete", Code(new() { Checkpoint = folder.Path, Vocabulary = Vocabulary }));
        Assert.Equal("model-incomplete", Code(new() { VisionTransformer = folder.File("none.pth"), Vocabulary = Vocabulary }));
        Assert.Equal("sources-contradict", Code(new() { Checkpoint = checkpoint, VisionTransformer = checkpoint, Vocabulary = Vocabulary }));
        Assert.Equal("sources-contradict", Code(new() { Checkpoint = checkpoint, Vocabulary = Vocabulary, Answers = ["yes\nno"] }));
        Assert.Equal("config-invalid", Assert.Throws<ModelFormatException>(() => ReferenceCheckpoint.Configuration(ReferenceCheckpoint.Load(checkpoint), new() { HeadWidth = 0 })).Code);
        Assert.False(Directory.Exists(folder.File("model")));

        string Code(ImportSources sources) => Assert.Throws<ModelFormatException>(() => CheckpointImport.ToModelDirectory(sources, folder.File("model"), Small)).Code;
    }

    [Theory]
    [InlineData(false, false, PaddingRule.Masked)]
    [InlineData(false, false, PaddingRule.Reference)]
    [InlineData(false, true, PaddingRule.Masked)]
    [InlineData(false, true, PaddingRule.Reference)]
    [InlineData(true, false, PaddingRule.Masked)]
    [InlineData(true, false, PaddingRule.Reference)]
    [InlineData(true, true, PaddingRule.Masked)]
    [InlineData(true, true, PaddingRule.Reference)]
    public void ToModelDirectory_OfAnExport_GivesTheSameModelWithoutBeingToldMore(bool timeAttention, bool questions, PaddingRule padding)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string[]? answers = questions ? ["red", "blue", "two"] : null;
        var config = ModelConfig.Tiny(200, 16, 4, 5, answers?.Length ?? 0, timeAttention) with { Padding = padding, FocalType = FocalType.Prob, Temperature = 0.07 };
        using var network = ModelDirectory.Create(config, 7);
        ReferenceExport.Write(folder.File("export.safetensors"), config, network);

        var report = CheckpointImport.ToModelDirectory(new ImportSources { Checkpoint = folder.File("export.safetensors"), Vocabulary = Vocabulary, Answers = answers }, folder.File("model"));

        Assert.Equal(config, report.Config);
        using var loaded = ModelDirectory.Load(folder.File("model"));
        Assert.All(ModelWeights.Of(network).Zip(ModelWeights.Of(loaded.Network)), pair => Assert.True(pair.First.Value.bytes.SequenceEqual(pair.Second.Value.bytes), pair.First.Name));
    }

    [Fact]
    public void ToModelDirectory_OfAnExportWhoseStatementLies_Refuses()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var config = ModelConfig.Tiny(200, 16, 4, 5);
        using var network = ModelDirectory.Create(config, 7);
        foreach (var (json, code) in new[]
        {
            ("{", "config-invalid"),
            ((config with { Temperature = -1 }).ToJson(), "config-invalid"),
            ((config with { ObjectConfig = config.ObjectConfig with { EmbedDim = 130, NumHeads = 1 } }).ToJson(), "config-invalid"), // No multiple of the width that is there.
            ((config with { TextConfig = config.TextConfig with { VocabSize = 300, PadTokenId = 250 } }).ToJson(), "config-invalid"),
        })
        {
            Safetensors.Save(folder.File("lie.safetensors"), ModelWeights.Of(network), new Dictionary<string, string> { ["config"] = json });
            Assert.Equal(code, Assert.Throws<ModelFormatException>(() =>
                CheckpointImport.ToModelDirectory(new ImportSources { Checkpoint = folder.File("lie.safetensors"), Vocabulary = Vocabulary }, folder.File("model"))).Code);
        }
    }

    [Fact]
    public void Load_OfAModelDirectoryWithWeightsThatAreNoNumbers_Refuses()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 16);
        var path = Path.Combine(folder.Path, "model.safetensors");
        foreach (var broken in new[] { full(128, float.NaN), full(128, 1e300, ScalarType.Float64) })
        {
            Safetensors.Save(path, Safetensors.Load(path).Select(w => (w.Key, w.Key == "object_model.norm.bias" ? broken : w.Value)).ToList());
            var fault = Assert.Throws<ModelFormatException>(() => ModelDirectory.Load(folder.Path));
            Assert.Equal("weights-mismatch", fault.Code);
            Assert.Contains("object_model.norm.bias holds a value that is not finite", fault.Message, StringComparison.Ordinal);
        }
    }

    private static string Changed(Action<Dictionary<string, Tensor>> change, ImportOptions options, string code)
    {
        using var folder = new TemporaryFolder();
        var weights = ReferenceCheckpoint.Load(CommittedGoldens.Weights("retrieval_f4n5.pth"));
        change(weights);
        Safetensors.Save(folder.File("changed.safetensors"), weights.Select(w => (w.Key, w.Value)));
        var fault = Assert.Throws<ModelFormatException>(() =>
            CheckpointImport.ToModelDirectory(new ImportSources { Checkpoint = folder.File("changed.safetensors"), Vocabulary = Vocabulary }, folder.File("model"), options));
        Assert.Equal(code, fault.Code);
        return fault.Message;
    }
}
