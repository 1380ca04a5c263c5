using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class ModelDirectoryTests
{
    private static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "circle", "\u0085", "\u2028"];

    [Fact, Trait("Category", "parity")]
    public void Base_HasTheKeysAndShapesOfThePublishedCheckpoints()
    {
        var approved = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "VideoLanguage", "model-keys.txt"));
        var split = Array.FindIndex(approved, l => l.StartsWith('#'));
        var head = approved.Where(l => l.StartsWith("head.", StringComparison.Ordinal)).ToHashSet();
        using (var retrieval = new ObjectRelation(ModelConfig.Base))
        {
            Assert.Equal(approved[..split], Keys(retrieval));
            Assert.Equal(153_440_512, ModelSize.Parameters(ModelConfig.Base));
        }
        var config = ModelConfig.Base.ForQuestionAnswering(1500);
        using var answering = new ObjectQARelation(config);
        Assert.Equal(head, Keys(answering).Where(k => k.StartsWith("head.", StringComparison.Ordinal)).ToHashSet());
        Assert.Equal(154_605_026, ModelSize.Parameters(config));
        Assert.Equal(ModelSize.Parameters(config), ModelWeights.Of(answering).Sum(p => p.Value.numel()));
    }

    [Fact]
    public void TimeAttention_AddsItsKeysToEachBlock()
    {
        var config = ModelConfig.Tiny(9, 16, timeAttention: true);
        using var model = new ObjectRelation(config);
        Assert.Equal(4 * config.ObjectConfig.Depth, Keys(model).Count(k => k.Contains(".timeattn.", StringComparison.Ordinal)));
        Assert.Equal(ModelSize.Parameters(config), ModelWeights.Of(model).Sum(p => p.Value.numel()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_WhenSaved_GivesTheSameBitsAndLines(bool questions)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string[]? answers = questions ? ["red", "blue", "two circles"] : null;
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 16, answers, seed: 7);

        using var loaded = ModelDirectory.Load(folder.Path);
        ModelDirectory.Save(folder.File("again"), loaded.Config, loaded.Network, loaded.Vocabulary, loaded.Answers);

        Assert.Equal(Vocabulary, loaded.Vocabulary);
        Assert.Equal(answers ?? [], loaded.Answers);
        Assert.Equal(questions ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval, loaded.Config.Task);
        foreach (var file in Directory.GetFiles(folder.Path))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder.File("again"), Path.GetFileName(file))));
    }

    [Fact]
    public void CreateTiny_WithTheSameSeed_GivesTheSameFilesAndWithAnotherOtherWeights()
    {
        using var folder = new TemporaryFolder();
        foreach (var (name, seed) in new[] { ("one", 1UL), ("same", 1UL), ("other", 2UL) }) ModelDirectory.CreateTiny(folder.File(name), Vocabulary, 16, seed: seed);
        var weights = new[] { "one", "same", "other" }.Select(n => File.ReadAllBytes(Path.Combine(folder.File(n), "model.safetensors"))).ToArray();
        Assert.Equal(weights[0], weights[1]);
        Assert.NotEqual(weights[0], weights[2]);
    }

    [Theory]
    [InlineData("config.json", "model-incomplete")]
    [InlineData("model.safetensors", "model-incomplete")]
    [InlineData("vocab.txt", "model-incomplete")]
    public void Load_WhenAFileIsMissing_SaysWhich(string file, string code)
    {
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 16);
        File.Delete(folder.File(file));
        var fault = Assert.Throws<ModelFormatException>(() => ModelDirectory.Load(folder.Path));
        Assert.Equal(code, fault.Code);
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"projection_dim\": 128", "\"projection_dim\": 64", "weights-mismatch")]
    [InlineData("\"projection_dim\": 128", "\"projection_dim\": -1", "config-invalid")]
    [InlineData("\"embed_dim\": 128", "\"embed_dim\": 8000", "weights-mismatch")] // Refused before its memory is taken.
    [InlineData("\"num_heads\": 4", "\"num_heads\": 7", "config-invalid")]
    [InlineData("\"task\": \"retrieval\"", "\"task\": \"poetry\"", "config-invalid")]
    [InlineData("\"padding\": \"masked\"", "\"padding\": \"more\"", "config-invalid")]
    [InlineData("\"text_config\": {", "\"text_config\": null, \"x\": {", "config-invalid")]
    [InlineData("{", "[", "config-invalid")]
    [InlineData("\"vocab_size\": 9", "\"vocab_size\": 10", "vocabulary-mismatch")]
    public void Load_WhenTheConfigurationDoesNotFit_Refuses(string from, string to, string code)
    {
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 16);
        var config = File.ReadAllText(folder.File("config.json"));
        Assert.Contains(from, config, StringComparison.Ordinal);
        var position = config.IndexOf(from, StringComparison.Ordinal);
        File.WriteAllText(folder.File("config.json"), config[..position] + to + config[(position + from.Length)..]);
        Assert.Equal(code, Assert.Throws<ModelFormatException>(() => ModelDirectory.Load(folder.Path)).Code);
    }

    [Fact]
    public void Load_WhenAWeightIsMissingUnknownOrOfAnotherShape_NamesIt()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 16);
        var weights = Safetensors.Load(folder.File("model.safetensors")).ToDictionary(w => w.Key, w => w.Value);
        weights.Remove("txt_proj.1.bias");
        weights.Add("surprise", zeros(1));
        weights["object_model.cls_token"] = zeros(1, 2, 64);
        Safetensors.Save(folder.File("model.safetensors"), weights.Select(w => (w.Key, w.Value)));

        var fault = Assert.Throws<ModelFormatException>(() => ModelDirectory.Load(folder.Path));

        Assert.Equal("weights-mismatch", fault.Code);
        Assert.Contains("txt_proj.1.bias is missing", fault.Message, StringComparison.Ordinal);
        Assert.Contains("surprise is unknown", fault.Message, StringComparison.Ordinal);
        Assert.Contains("object_model.cls_token is [1, 2, 64] instead of [1, 1, 128]", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadMatching_FromARetrievalModel_StartsAQuestionModelExceptItsHead()
    {
        using var scope = NewDisposeScope();
        var config = ModelConfig.Tiny(9, 16);
        var retrieval = ModelDirectory.Create(config, 1);
        var answering = ModelDirectory.Create(config.ForQuestionAnswering(3), 2);
        var weights = ModelWeights.Of(retrieval).ToDictionary(w => w.Name, w => w.Value);
        Assert.Equal(weights.Count, ModelWeights.LoadMatching(answering, weights));
        foreach (var (name, value) in ModelWeights.Of(answering).Where(w => weights.ContainsKey(w.Name))) Assert.True(value.equal(weights[name]).all().item<bool>(), name);
    }

    private static IEnumerable<string> Keys(nn.Module model) => ModelWeights.Of(model).Select(p => $"{p.Name} [{string.Join(", ", p.Value.shape)}]");
}
