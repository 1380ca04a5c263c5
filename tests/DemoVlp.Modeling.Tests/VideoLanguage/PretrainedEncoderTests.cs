using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.Tests.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>Models that start from Hugging Face's DistilBERT and timm's ViT, in small: the golden model's own encoders in those layouts.</summary>
public sealed class PretrainedEncoderTests
{
    private const string Config = """{"model_type": "distilbert", "activation": "gelu", "vocab_size": 200, "dim": 64, "n_layers": 3, "n_heads": 4, "hidden_dim": 128, "max_position_embeddings": 64, "dropout": 0.2, "pad_token_id": 0, "architectures": ["DistilBertForMaskedLM"]}""";
    private static readonly string[] Vocabulary = [.. Enumerable.Range(0, 200).Select(i => $"t{i}")];
    private static readonly ImportOptions Small = new() { HeadWidth = 16, FeatureDim = 32, NumFrames = 4, ObjectNum = 5 };

    [Theory]
    [InlineData("model.safetensors", "distilbert.")]
    [InlineData("model.safetensors", "")]
    [InlineData("pytorch_model.bin", "distilbert.")]
    [InlineData("pytorch_model.bin", "")]
    public void ToModelDirectory_OfEncoders_TakesThemOverAndLeavesTheRestToTraining(string file, string prefix)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        WriteDistilBert(folder.File("bert"), file, prefix);
        WriteVit(folder.File("vit.pth"));

        var report = CheckpointImport.ToModelDirectory(new ImportSources { DistilBert = folder.File("bert"), VisionTransformer = folder.File("vit.pth") }, folder.File("model"), Small);

        var text = report.Files[0];
        Assert.Equal((file, 52), (text.File, text.Loaded.Count));
        Assert.Equal([$"{prefix}embeddings.position_ids", "vocab_projector.bias", "vocab_transform.weight"], text.Ignored.Order(StringComparer.Ordinal));
        Assert.Empty(text.Missing);
        var vision = report.Files[1];
        Assert.Equal(("vit.pth", 1 + 3 * 12 + 2), (vision.File, vision.Loaded.Count));
        Assert.Equal(["head.weight", "patch_embed.proj.weight", "pos_embed"], vision.Ignored.Order(StringComparer.Ordinal));
        Assert.Equal(vision.Missing.Concat(["txt_proj.1.weight", "txt_proj.1.bias"]), report.Initialised);
        Assert.Contains("object_model.blocks.0.norm3.weight", vision.Missing);
        Assert.Contains("object_model.object_embedding.weight", vision.Missing);

        using var model = ModelDirectory.Load(folder.File("model"));
        Assert.Equal((4, 0.2, 3, 4, PaddingRule.Masked), (model.Config.TextConfig.NHeads, model.Config.TextConfig.Dropout, model.Config.ObjectConfig.Depth, model.Config.ObjectConfig.NumHeads, model.Config.Padding));
        Assert.Equal(Vocabulary, model.Vocabulary);
        var source = Golden();
        foreach (var (name, value) in ModelWeights.Of(model.Network))
            if (text.Loaded.Contains(name) || vision.Loaded.Contains(name)) Assert.True(source[name].equal(value).all().item<bool>(), name);
        Assert.Equal(0, ModelWeights.Of(model.Network).Single(p => p.Name == "object_model.temporal_embed").Value.abs().sum().item<float>());
    }

    [Theory]
    [InlineData("model", "vit.pth")]
    [InlineData("state_dict", "vit.bin")]
    [InlineData(null, "vit.pth")]
    public void TimmVit_UnderAnyKey_IsFound(string? key, string file)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        WriteVit(folder.File(file), key);
        Assert.Equal((64, 3, 4, 4), (TimmVit.Open(folder.File(file), 16).Config.EmbedDim, TimmVit.Open(folder.File(file), 16).Config.Depth, TimmVit.Open(folder.File(file), 16).Config.NumHeads, TimmVit.Open(folder.File(file), 16).Config.MlpRatio));
    }

    [Fact]
    public void TimmVit_WithTimeAttention_LeavesItRandom()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        WriteVit(folder.File("vit.pth"));
        var config = Model() with { ObjectConfig = Model().ObjectConfig with { TimeModule = ObjectTransformerConfig.TimeAttention } };
        using var network = ModelDirectory.Create(config, 1);
        Assert.Equal(3 * 4, TimmVit.Open(folder.File("vit.pth"), 16).LoadInto(network).Missing.Count(m => m.Contains(".timeattn.", StringComparison.Ordinal)));
    }

    [Fact]
    public void LoadInto_ANetworkOfAnotherSize_NamesTensorAndShapes()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        WriteDistilBert(folder.File("bert"), "model.safetensors", "distilbert.");
        WriteVit(folder.File("vit.pth"));
        var (text, vision) = (HuggingFaceDistilBert.Open(folder.File("bert")), TimmVit.Open(folder.File("vit.pth"), 16));

        using var longer = ModelDirectory.Create(Model() with { TextConfig = Model().TextConfig with { VocabSize = 201, NLayers = 4 } }, 1);
        var fault = Assert.Throws<ModelFormatException>(() => text.LoadInto(longer, Model().TextConfig));
        Assert.Equal("weights-mismatch", fault.Code);
        Assert.Contains("distilbert.embeddings.word_embeddings.weight is [200, 64] instead of [201, 64]", fault.Message, StringComparison.Ordinal);

        using var deeper = ModelDirectory.Create(Model() with { TextConfig = Model().TextConfig with { NLayers = 4 }, ObjectConfig = Model().ObjectConfig with { Depth = 4 } }, 1);
        Assert.Contains("text_model.transformer.layer.3.attention.q_lin.weight is missing", Assert.Throws<ModelFormatException>(() => text.LoadInto(deeper, Model().TextConfig)).Message, StringComparison.Ordinal);
        Assert.Contains("object_model.blocks.3.norm1.weight is missing", Assert.Throws<ModelFormatException>(() => vision.LoadInto(deeper)).Message, StringComparison.Ordinal);

        using var shallower = ModelDirectory.Create(Model() with { ObjectConfig = Model().ObjectConfig with { Depth = 2, MlpRatio = 2 } }, 1);
        var vit = Assert.Throws<ModelFormatException>(() => vision.LoadInto(shallower)).Message;
        Assert.Contains("blocks.0.mlp.fc1.weight is [256, 64] instead of [128, 64]", vit, StringComparison.Ordinal);

        using var same = ModelDirectory.Create(Model(), 1);
        Assert.Equal("config-invalid", Assert.Throws<ModelFormatException>(() => text.LoadInto(same, Model().TextConfig with { NHeads = 8 })).Code);
    }

    [Theory]
    [InlineData("\"model_type\": \"distilbert\"", "\"model_type\": \"bert\"", "config-invalid")]
    [InlineData("\"activation\": \"gelu\"", "\"activation\": \"relu\"", "config-invalid")]
    [InlineData("\"dim\": 64", "\"dim\": 768", "config-invalid")]
    [InlineData("\"n_layers\": 3", "\"n_layers\": 6", "config-invalid")]
    [InlineData("\"n_heads\": 4", "\"n_heads\": 7", "config-invalid")]
    [InlineData("\"n_heads\": 4", "\"n_heads\": 0", "config-invalid")]
    [InlineData("\"dropout\": 0.2", "\"dropout\": 7", "config-invalid")]
    [InlineData("\"dropout\": 0.2", "\"dropout\": \"much\"", "config-invalid")]
    [InlineData("{", "[", "config-invalid")]
    public void ToModelDirectory_WhenTheConfigurationContradictsTheWeights_Refuses(string from, string to, string code)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        WriteDistilBert(folder.File("bert"), "model.safetensors", "");
        var position = Config.IndexOf(from, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder.File("bert"), "config.json"), Config[..position] + to + Config[(position + from.Length)..]);
        Assert.Equal(code, Assert.Throws<ModelFormatException>(() => CheckpointImport.ToModelDirectory(new ImportSources { DistilBert = folder.File("bert") }, folder.File("model"), Small)).Code);
    }

    [Fact]
    public void ToModelDirectory_WhenTheDirectoryIsNotWhole_SaysWhatIsMissing()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string Code(ImportSources sources) => Assert.Throws<ModelFormatException>(() => CheckpointImport.ToModelDirectory(sources, folder.File("model"), Small)).Code;
        Directory.CreateDirectory(folder.File("empty"));
        Assert.Equal("model-incomplete", Code(new ImportSources { DistilBert = folder.File("empty") }));
        Assert.Equal("model-incomplete", Code(new ImportSources { DistilBert = folder.File("nowhere") }));
        WriteDistilBert(folder.File("bert"), "model.safetensors", "");
        File.WriteAllLines(Path.Combine(folder.File("bert"), "vocab.txt"), Vocabulary[1..]);
        Assert.Equal("vocabulary-mismatch", Code(new ImportSources { DistilBert = folder.File("bert") }));
        File.Delete(Path.Combine(folder.File("bert"), "vocab.txt"));
        Assert.Equal("sources-missing", Code(new ImportSources { DistilBert = folder.File("bert") }));
        WriteVit(folder.File("vit.pth"));
        Assert.Equal("checkpoint-foreign", Code(new ImportSources { DistilBert = folder.File("vit.pth"), Vocabulary = Vocabulary }));
        Assert.Equal("checkpoint-foreign", Code(new ImportSources { VisionTransformer = Path.Combine(folder.File("bert"), "model.safetensors"), Vocabulary = Vocabulary }));
        // A file of weights alone and a vocabulary of its own are enough, and give a question model if there are answers.
        var report = CheckpointImport.ToModelDirectory(new ImportSources { DistilBert = Path.Combine(folder.File("bert"), "model.safetensors"), Vocabulary = Vocabulary, Answers = ["yes", "no"] }, folder.File("model"), Small);
        Assert.Equal((ModelTasks.QuestionAnswering, 4), (report.Config.Task, report.Config.TextConfig.NHeads));
    }

    [Fact]
    public void ToModelDirectory_OfACheckpointBesideADistilBertDirectory_TakesItsVocabulary()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        WriteDistilBert(folder.File("bert"), "pytorch_model.bin", "distilbert.");
        CheckpointImport.ToModelDirectory(new ImportSources { Checkpoint = CommittedGoldens.Weights("retrieval_f4n5.pth"), DistilBert = folder.File("bert") }, folder.File("model"), new ImportOptions { HeadWidth = 16 });
        using var model = ModelDirectory.Load(folder.File("model"));
        Assert.Equal(Vocabulary, model.Vocabulary);
    }

    /// <summary>The golden model's sizes.</summary>
    private static ModelConfig Model() => new()
    {
        ProjectionDim = 16,
        MaxTextLength = 64,
        TextConfig = new() { VocabSize = 200, Dim = 64, NLayers = 3, NHeads = 4, HiddenDim = 128, MaxPositionEmbeddings = 64 },
        ObjectConfig = new() { FeatureDim = 32, EmbedDim = 64, Depth = 3, NumHeads = 4, NumFrames = 4, ObjectNum = 5 },
    };

    private static IReadOnlyDictionary<string, Tensor> Golden() => Safetensors.Load(CommittedGoldens.Weights("retrieval_f4n5.safetensors"));

    /// <summary>The golden text encoder as DistilBertForMaskedLM, or as a bare DistilBertModel.</summary>
    private static void WriteDistilBert(string directory, string file, string prefix)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), Config);
        File.WriteAllLines(Path.Combine(directory, "vocab.txt"), Vocabulary);
        var weights = Golden().Where(w => w.Key.StartsWith("text_model.", StringComparison.Ordinal)).Select(w => (prefix + w.Key["text_model.".Length..], w.Value))
            .Append((prefix + "embeddings.position_ids", arange(64).to_type(ScalarType.Float32).unsqueeze(0))).Append(("vocab_transform.weight", zeros(64, 64))).Append(("vocab_projector.bias", zeros(200)));
        if (file.EndsWith(".bin", StringComparison.Ordinal)) TorchFile.Write(Path.Combine(directory, file), weights);
        else Safetensors.Save(Path.Combine(directory, file), weights);
    }

    /// <summary>The golden video encoder's blocks as timm's VisionTransformer.</summary>
    private static void WriteVit(string path, string? under = null) => TorchFile.Write(path, Golden()
        .Where(w => w.Key is "object_model.cls_token" || w.Key.StartsWith("object_model.blocks.", StringComparison.Ordinal) || w.Key.StartsWith("object_model.norm.", StringComparison.Ordinal))
        .Where(w => !w.Key.Contains("norm3", StringComparison.Ordinal)).Select(w => (w.Key["object_model.".Length..], w.Value))
        .Append(("pos_embed", zeros(1, 10, 64))).Append(("patch_embed.proj.weight", zeros(64, 3, 16, 16))).Append(("head.weight", zeros(1000, 64))), under);
}
