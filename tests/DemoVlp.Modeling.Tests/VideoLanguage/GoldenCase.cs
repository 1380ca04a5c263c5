using System.Text.Json;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>One case of the golden numbers: what the published code gave, and how far float32 may stray.</summary>
internal sealed class GoldenCase
{
    private static readonly string Root = Path.Combine(GoldenFolder(), "model");
    private readonly IReadOnlyDictionary<string, Tensor> tensors;

    private GoldenCase(string name)
    {
        Manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "cases", $"{name}.json"))).RootElement;
        var file = Path.Combine(Root, "cases", $"{name}.safetensors");
        tensors = File.Exists(file) ? Safetensors.Load(file) : new Dictionary<string, Tensor>();
    }

    internal JsonElement Manifest { get; }

    internal JsonElement Config => Manifest.GetProperty("config");

    internal JsonElement Expected => Manifest.GetProperty("expected");

    /// <summary>Reads a case; its tensors belong to the current dispose scope.</summary>
    internal static GoldenCase Open(string name) => new(name);

    internal static string Path_(params string[] parts) => Path.Combine([Root, .. parts]);

    internal Tensor In(string name) => tensors["in." + name];

    internal Tensor Out(string name) => tensors["out." + name];

    internal IEnumerable<string> Outputs => Manifest.GetProperty("outputs").EnumerateObject().Select(o => o.Name);

    /// <summary>Compares with the golden output, within the tolerance its manifest suggests.</summary>
    internal void Check(string output, Tensor actual)
    {
        var expected = Out(output);
        Assert.Equal(expected.shape, actual.shape);
        var entry = Manifest.GetProperty("outputs").GetProperty(output);
        var tolerance = entry.TryGetProperty("suggested_atol", out var suggested) ? suggested.GetDouble() : 0;
        var difference = expected.numel() == 0 ? 0 : (actual.to_type(ScalarType.Float64) - expected.to_type(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(difference <= tolerance, $"{output}: differs by {difference}, allowed {tolerance}");
    }

    /// <summary>The small architecture this case was made with.</summary>
    internal ModelConfig ModelConfig(PaddingRule padding = PaddingRule.Reference)
    {
        var video = Config.TryGetProperty("object", out var nested) ? nested : Config;
        var text = Config.TryGetProperty("text", out nested) ? nested : JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "index.json"))).RootElement.GetProperty("arch").GetProperty("text");
        var labels = Config.TryGetProperty("num_label", out var count) ? count.GetInt32() : 0;
        if (!video.TryGetProperty("embed_dim", out _)) video = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "index.json"))).RootElement.GetProperty("arch").GetProperty("object");
        return new ModelConfig
        {
            Task = labels > 0 ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval,
            NumLabels = labels,
            Padding = padding,
            ProjectionDim = video.GetProperty("output_dim").GetInt32(),
            MaxTextLength = text.GetProperty("max_position_embeddings").GetInt32(),
            FocalType = Config.TryGetProperty("focal_type", out var focal) && focal.GetString() == "prob" ? FocalType.Prob : FocalType.Equal,
            TextConfig = new()
            {
                VocabSize = text.GetProperty("vocab_size").GetInt32(), Dim = text.GetProperty("dim").GetInt32(), NLayers = text.GetProperty("n_layers").GetInt32(),
                NHeads = text.GetProperty("n_heads").GetInt32(), HiddenDim = text.GetProperty("hidden_dim").GetInt32(),
                MaxPositionEmbeddings = text.GetProperty("max_position_embeddings").GetInt32(), PadTokenId = text.GetProperty("pad_token_id").GetInt32(),
            },
            ObjectConfig = new()
            {
                FeatureDim = video.GetProperty("feat_dim").GetInt32(), EmbedDim = video.GetProperty("embed_dim").GetInt32(), Depth = video.GetProperty("depth").GetInt32(),
                NumHeads = video.GetProperty("num_heads").GetInt32(), MlpRatio = video.GetProperty("mlp_ratio").GetInt32(),
                NumFrames = Frames("num_frames"), ObjectNum = Frames("object_num"),
                TimeModule = Config.TryGetProperty("time_module", out var time) ? time.GetString() : "",
            },
        };
    }

    /// <summary>A module with the case's weights; <paramref name="prefix"/> is cut from keys that have it, other keys are left out.</summary>
    internal T Load<T>(T module, string prefix = "") where T : Module
    {
        using var scope = NewDisposeScope();
        var file = Manifest.GetProperty("weights").GetProperty("file").GetString()!;
        var weights = Safetensors.Load(Path.Combine(Root, "cases", file)).Where(w => w.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(w => w.Key[prefix.Length..], w => w.Value);
        ModelWeights.LoadStrictly(module, weights);
        module.eval();
        return module;
    }

    private int Frames(string name) => Config.TryGetProperty(name, out var value) ? value.GetInt32() : name == "num_frames" ? 4 : 5;

    private static string GoldenFolder()
    {
        if (Environment.GetEnvironmentVariable("DEMOVLP_GOLDENS") is { Length: > 0 } folder) return folder;
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "DemoVlp.sln"))) return Path.Combine(directory.FullName, "tests", "goldens");
        throw new DirectoryNotFoundException("No folder above the tests holds DemoVlp.sln; set DEMOVLP_GOLDENS.");
    }
}
