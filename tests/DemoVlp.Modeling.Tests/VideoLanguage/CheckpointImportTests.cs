using System.Text.Json;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.Tests.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class CheckpointImportTests
{
    private static readonly string[] Vocabulary = [.. Enumerable.Range(0, 200).Select(i => $"t{i}")];
    private static readonly string[] Answers = [.. Enumerable.Range(0, 10).Select(i => $"answer {i}")];
    private static readonly ImportOptions Small = new() { HeadWidth = 16 };

    [Theory]
    [InlineData(TemporalFix.Zeros, "e2e_zeros.")]
    [InlineData(TemporalFix.Bilinear, "e2e_bilinear.")]
    public void ToModelDirectory_OfAPublishedCheckpoint_GivesItsArchitectureAndScores(TemporalFix fix, string outputs)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();

        var report = CheckpointImport.ToModelDirectory(From("retrieval_f4n5.pth"), folder.Path, Small with { NumFrames = 8, TemporalFix = fix });

        var config = report.Config;
        Assert.Equal((8, 5, 3, 4, 32, 16), (config.ObjectConfig.NumFrames, config.ObjectConfig.ObjectNum, config.ObjectConfig.Depth, config.ObjectConfig.NumHeads, config.ObjectConfig.FeatureDim, config.ProjectionDim));
        Assert.Equal(PaddingRule.Reference, config.Padding);
        Assert.Empty(report.Initialised);
        using var model = ModelDirectory.Load(folder.Path);
        using var mode = inference_mode();
        var golden = Safetensors.Load(Path.Combine(CommittedGoldens.Root, "model", "cases", "07_temporal_inflation.safetensors"));
        var output = ((ObjectRelation)model.Network).call(golden["in.e2e.input_ids"], golden["in.e2e.attention_mask"], golden["in.e2e.object"], golden["in.e2e.object_mask"]);
        Near(outputs + "global_text_embeddings", output.GlobalText);
        Near(outputs + "global_object_embeddings", output.GlobalObject);
        Near(outputs + "local_object_embeddings", output.LocalObject);

        void Near(string name, Tensor actual) => Assert.True((golden["out." + name] - actual).abs().max().item<float>() < 5e-5f, name);
    }

    [Fact]
    public void ToModelDirectory_OfARetrievalCheckpointWithAnswers_StartsAQuestionModelWhoseHeadIsRandom()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();

        var report = CheckpointImport.ToModelDirectory(From("retrieval_f4n5.pth") with { Answers = Answers }, folder.File("one"), Small with { NumFrames = 8, Seed = 1 });
        CheckpointImport.ToModelDirectory(From("retrieval_f4n5.pth") with { Answers = Answers }, folder.File("same"), Small with { NumFrames = 8, Seed = 1 });
        CheckpointImport.ToModelDirectory(From("retrieval_f4n5.pth") with { Answers = Answers }, folder.File("other"), Small with { NumFrames = 8, Seed = 2 });

        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(CommittedGoldens.Root, "model", "cases", "07_temporal_inflation.json")));
        var random = golden.RootElement.GetProperty("expected").GetProperty("retrieval_checkpoint_into_qa_model").GetProperty("keys_kept_at_init").EnumerateArray().Select(k => k.GetString()!);
        Assert.Equal(random, report.Initialised);
        Assert.Equal(report.Initialised, Assert.Single(report.Files).Missing);
        Assert.Equal((ModelTasks.QuestionAnswering, 10, PaddingRule.Reference), (report.Config.Task, report.Config.NumLabels, report.Config.Padding));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.File("one"), "model.safetensors")), File.ReadAllBytes(Path.Combine(folder.File("same"), "model.safetensors")));
        var (one, other) = (Weights(folder.File("one")), Weights(folder.File("other")));
        var checkpoint = ReferenceCheckpoint.Load(Golden("retrieval_f4n5.pth"));
        foreach (var (key, value) in one)
        {
            // The sum over the joint features begins even, whatever the seed.
            if (key.StartsWith("head.v_att.linear.", StringComparison.Ordinal)) Assert.True(Same(value, other[key]), key);
            else if (key.StartsWith("head.", StringComparison.Ordinal)) Assert.False(Same(value, other[key]), key);
            else if (key != "object_model.temporal_embed") Assert.True(Same(checkpoint[key], value), key);
        }
        // The published default for questions interpolates; for retrieval it appends zeros.
        Assert.True(Same(TemporalEmbedding.Resize(checkpoint["object_model.temporal_embed"], 8, TemporalFix.Bilinear), one["object_model.temporal_embed"]));
    }

    [Theory]
    [InlineData(2)] // fewer: the first
    [InlineData(4)]
    [InlineData(9)] // more: zeros
    public void ToModelDirectory_ForAnotherNumberOfFrames_ResizesTheTemporalEmbedding(int frames)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        CheckpointImport.ToModelDirectory(From("retrieval_f4n5.pth"), folder.Path, Small with { NumFrames = frames });
        var (before, after) = (ReferenceCheckpoint.Load(Golden("retrieval_f4n5.pth"))["object_model.temporal_embed"], Weights(folder.Path)["object_model.temporal_embed"]);
        var kept = Math.Min(frames, 4);
        Assert.Equal([1, frames, 64], after.shape);
        Assert.True(Same(before.narrow(1, 0, kept), after.narrow(1, 0, kept)));
        Assert.Equal(0, after.narrow(1, kept, frames - kept).abs().sum().item<float>());
    }

    [Fact]
    public void ToModelDirectory_OfEveryGoldenFormat_GivesTheSameModel()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "retrieval_f4n5.pth", "retrieval_f4n5.safetensors" }) CheckpointImport.ToModelDirectory(From(file), folder.File(file), Small);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.File("retrieval_f4n5.pth"), "model.safetensors")), File.ReadAllBytes(Path.Combine(folder.File("retrieval_f4n5.safetensors"), "model.safetensors")));
        var legacy = CheckpointImport.ToModelDirectory(From("retrieval_f1n6_legacy.pth"), folder.File("legacy"), Small);
        Assert.Equal((1, 6), (legacy.Config.ObjectConfig.NumFrames, legacy.Config.ObjectConfig.ObjectNum));
        // Written by the published code itself, with its pickled configuration object, on several GPUs.
        var own = CheckpointImport.ToModelDirectory(From("tiny_reference_checkpoint.pth") with { Vocabulary = Vocabulary[..40] }, folder.File("own"), new ImportOptions { HeadWidth = 8 });
        Assert.Equal((2, 3, 2, 2, 8, 8), (own.Config.ObjectConfig.NumFrames, own.Config.ObjectConfig.ObjectNum, own.Config.ObjectConfig.Depth, own.Config.ObjectConfig.NumHeads, own.Config.ObjectConfig.FeatureDim, own.Config.ProjectionDim));
        Assert.Equal((16, 2, 2, 32, 16), (own.Config.TextConfig.Dim, own.Config.TextConfig.NLayers, own.Config.TextConfig.NHeads, own.Config.TextConfig.HiddenDim, own.Config.TextConfig.MaxPositionEmbeddings));
    }

    [Fact]
    public void ToModelDirectory_OfAQuestionCheckpoint_NeedsItsAnswers()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("answers-mismatch", Fault(From("qa_f4n5.pth"), folder).Code);
        Assert.Equal("answers-mismatch", Fault(From("qa_f4n5.pth") with { Answers = Answers[1..] }, folder).Code);
        var report = CheckpointImport.ToModelDirectory(From("qa_f4n5.pth") with { Answers = Answers }, folder.Path, Small);
        Assert.Empty(report.Initialised);
        using var model = ModelDirectory.Load(folder.Path);
        Assert.IsType<ObjectQARelation>(model.Network);
        Assert.Equal(Answers, model.Answers);
    }

    [Fact]
    public void ToModelDirectory_WhenTheSourcesDoNotFit_SaysWhyAndWritesNothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("vocabulary-mismatch", Fault(From("retrieval_f4n5.pth") with { Vocabulary = Vocabulary[1..] }, folder).Code);
        Assert.Equal("checkpoint-foreign", Fault(From("odd_tensors.pth"), folder).Code);
        Assert.Equal("sources-missing", Fault(new ImportSources { Vocabulary = Vocabulary }, folder).Code);
        Assert.Equal("sources-missing", Fault(From("retrieval_f4n5.pth") with { Vocabulary = null }, folder).Code);
        Assert.Equal("config-invalid", Fault(From("retrieval_f4n5.pth"), folder, Small with { HeadWidth = 0 }).Code);
        Assert.Equal("config-invalid", Fault(From("retrieval_f4n5.pth"), folder, Small with { HeadWidth = 60 }).Code);
        Assert.Equal("config-invalid", Fault(From("retrieval_f4n5.pth"), folder, Small with { TextHeadWidth = 60 }).Code);
        var regions = Fault(From("retrieval_f4n5.pth"), folder, Small with { ObjectNum = 30 });
        Assert.Equal("weights-mismatch", regions.Code);
        Assert.Contains("5 regions per frame, not 30: object_model.custom_pos_embed is [1, 6, 64]", regions.Message, StringComparison.Ordinal);
        Assert.Contains("32 numbers per region feature, not 2048", Fault(From("retrieval_f4n5.pth"), folder, Small with { FeatureDim = 2048 }).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void ToModelDirectory_WhenTensorsAreMissingUnknownOrMisshapen_NamesThemWithTheirShapes()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string Changed(Action<Dictionary<string, Tensor>> change)
        {
            var weights = ReferenceCheckpoint.Load(Golden("retrieval_f4n5.pth"));
            change(weights);
            var path = TorchFile.Write(folder.File("changed.pth"), weights.Select(w => ($"module.{w.Key}", w.Value)), "state_dict");
            return Assert.Throws<ModelFormatException>(() => CheckpointImport.ToModelDirectory(new ImportSources { Checkpoint = path, Vocabulary = Vocabulary }, folder.File("model"), Small)).Message;
        }
        Assert.Contains("txt_proj.1.bias is missing", Changed(w => w.Remove("txt_proj.1.bias")), StringComparison.Ordinal);
        Assert.Contains("surprise is unknown", Changed(w => w.Add("surprise", zeros(1))), StringComparison.Ordinal);
        Assert.Contains("object_model.norm.bias is [63] instead of [64]", Changed(w => w["object_model.norm.bias"] = zeros(63)), StringComparison.Ordinal);
        Assert.Contains("object_model.norm.bias holds a value that is not finite", Changed(w => w["object_model.norm.bias"] = full(64, float.NaN)), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("model")));
    }

    [Fact]
    public void ToModelDirectory_OfASmallFileThatClaimsAHugeModel_RefusesBeforeItIsBuilt()
    {
        using var folder = new TemporaryFolder();
        // Shapes of one number repeated: a few bytes that speak of a text encoder of some 20 billion parameters.
        var pickle = new PickleAssembler().Op("}").Text("state_dict").Op("}(");
        void Add(string key, params int[] shape) => pickle.Text(key).Tensor("FloatStorage", 1, shape, new int[shape.Length]);
        Add("text_model.embeddings.word_embeddings.weight", 32, 8192);
        Add("text_model.embeddings.position_embeddings.weight", 32, 8192);
        for (var i = 0; i < 24; i++) Add($"text_model.transformer.layer.{i}.ffn.lin1.weight", 32768, 8);
        File.WriteAllBytes(folder.File("huge.pth"), pickle.Op("us.").ToCheckpoint(new byte[4]));
        Assert.Equal("checkpoint-foreign", Assert.Throws<ModelFormatException>(() =>
            CheckpointImport.ToModelDirectory(new ImportSources { Checkpoint = folder.File("huge.pth"), Vocabulary = Vocabulary[..32] }, folder.File("model"))).Code);
    }

    [Fact]
    public void Export_OfAnImportedCheckpoint_GivesItsTensorsBack()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        foreach (var (file, answers) in new[] { ("qa_f4n5.pth", Answers), ("retrieval_f4n5.pth", null) })
        {
            CheckpointImport.ToModelDirectory(From(file) with { Answers = answers }, folder.File("model"), Small);
            using (var model = ModelDirectory.Load(folder.File("model"))) ReferenceExport.Write(folder.File("back.safetensors"), model.Config, model.Network);
            var (expected, actual) = (ReferenceCheckpoint.Load(Golden(file)), Safetensors.Load(folder.File("back.safetensors")));
            Assert.Equal(expected.Keys, actual.Keys); // In the order of the published state_dict, too.
            foreach (var (key, value) in expected) Assert.True(value.shape.SequenceEqual(actual[key].shape) && value.bytes.SequenceEqual(actual[key].bytes), key);
            Assert.Equal("reference", Safetensors.ReadMetadata(folder.File("back.safetensors"))["padding"]);
        }
    }

    [Fact]
    public void Export_OfTheFullSizeModels_HasThePublishedKeysShapesAndOrder()
    {
        var approved = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "VideoLanguage", "model-keys.txt"));
        var split = Array.FindIndex(approved, l => l.StartsWith('#'));
        using var folder = new TemporaryFolder();
        var config = ModelConfig.Base.ForQuestionAnswering(1500);
        using (var network = new ObjectQARelation(config)) ReferenceExport.Write(folder.File("full.safetensors"), config, network);
        using var stream = File.OpenRead(folder.File("full.safetensors"));
        var length = new byte[8];
        stream.ReadExactly(length);
        var json = new byte[BitConverter.ToInt64(length)];
        stream.ReadExactly(json);
        var keys = JsonDocument.Parse(json).RootElement.EnumerateObject().Where(p => p.Name != "__metadata__")
            .Select(p => $"{p.Name} [{string.Join(", ", p.Value.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64()))}]").ToList();
        // The head stands before the text projection.
        Assert.Equal([.. approved[..(split - 2)], .. approved[(split + 1)..], .. approved[(split - 2)..split]], keys);
    }

    private static string Golden(string file) => CommittedGoldens.Weights(file);

    private static ImportSources From(string file) => new() { Checkpoint = Golden(file), Vocabulary = Vocabulary };

    private static ModelFormatException Fault(ImportSources sources, TemporaryFolder folder, ImportOptions? options = null) =>
        Assert.Throws<ModelFormatException>(() => CheckpointImport.ToModelDirectory(sources, folder.Path, options ?? Small));

    private static IReadOnlyDictionary<string, Tensor> Weights(string directory) => Safetensors.Load(Path.Combine(directory, "model.safetensors"));

    private static bool Same(Tensor one, Tensor other) => one.equal(other).all().item<bool>();
}
