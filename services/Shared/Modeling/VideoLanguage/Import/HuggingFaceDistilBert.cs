// A pretrained text encoder (spec section 9.3; layout: transformers 4.x modeling_distilbert.py).

using System.Text.Json;
using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>
/// A DistilBERT as Hugging Face keeps it: a directory with <c>model.safetensors</c> or <c>pytorch_model.bin</c>, <c>config.json</c> and <c>vocab.txt</c>, or one
/// of these files of weights alone. Heads for other tasks and <c>position_ids</c> are ignored.
/// </summary>
public sealed class HuggingFaceDistilBert
{
    private const string Prefix = "distilbert.", Part = "text_model.";
    private static readonly string[] WeightFiles = ["model.safetensors", "pytorch_model.bin"];
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly string file;
    private readonly IReadOnlyDictionary<string, Tensor> weights;

    private HuggingFaceDistilBert(string file, IReadOnlyDictionary<string, Tensor> weights, TextEncoderConfig config, IReadOnlyList<string>? vocabulary) =>
        (this.file, this.weights, Config, Vocabulary) = (file, weights, config, vocabulary);

    /// <summary>Its sizes: what the weights tell, and <c>config.json</c> where they do not.</summary>
    public TextEncoderConfig Config { get; }

    /// <summary>Word pieces by token id; null if there is no <c>vocab.txt</c>.</summary>
    public IReadOnlyList<string>? Vocabulary { get; }

    /// <summary>Reads a directory or file. The weights belong to the current dispose scope.</summary>
    /// <param name="path">Path.</param>
    /// <param name="headWidth">Width of an attention head where no <c>config.json</c> tells the number of heads.</param>
    /// <exception cref="ModelFormatException">
    /// <c>model-incomplete</c>: no weights; <c>checkpoint-malformed</c>, <c>safetensors-malformed</c>; <c>checkpoint-foreign</c>: no DistilBERT;
    /// <c>config-invalid</c>: config.json is of another model or contradicts the weights; <c>vocabulary-mismatch</c>.
    /// </exception>
    public static HuggingFaceDistilBert Open(string path, int headWidth = 64)
    {
        var directory = Directory.Exists(path);
        var file = directory ? WeightFiles.Select(f => Path.Combine(path, f)).FirstOrDefault(File.Exists) : File.Exists(path) ? path : null;
        if (file is null) throw new ModelFormatException("model-incomplete", directory ? $"The DistilBERT directory has neither {WeightFiles[0]} nor {WeightFiles[1]}." : "There is no such DistilBERT file or directory.");
        var weights = WeightFile.Load(file, "state_dict");
        var config = CheckpointShapes.Text(weights.Where(w => Target(w.Key) is not null).DistinctBy(w => Target(w.Key)).ToDictionary(w => Target(w.Key)!, w => w.Value, StringComparer.Ordinal), Part, headWidth);
        if (directory && File.Exists(Path.Combine(path, "config.json"))) config = Settings(Path.Combine(path, "config.json"), config);
        var vocabulary = directory && File.Exists(Path.Combine(path, "vocab.txt")) ? ModelDirectory.ReadLines(path, "vocab.txt", config.VocabSize, "vocabulary-mismatch") : null;
        return new HuggingFaceDistilBert(file, weights, config, vocabulary);
    }

    /// <summary>Copies the encoder into a network's text encoder; everything else of the network stays.</summary>
    /// <exception cref="ModelFormatException"><c>weights-mismatch</c>: a tensor is missing, unknown or of another shape; <c>config-invalid</c>: another number of heads.</exception>
    public WeightReport LoadInto(Module network, TextEncoderConfig config)
    {
        if (config.NHeads != Config.NHeads) throw new ModelFormatException("config-invalid", $"The DistilBERT has {Config.NHeads} attention heads, the model's text encoder {config.NHeads}.");
        return WeightTransfer.Load(network, file, weights, Target, Part, _ => true);
    }

    /// <summary>The model's parameter; null for task heads and counters. Files converted from TensorFlow call a norm's weight gamma and its bias beta.</summary>
    private static string? Target(string key)
    {
        var name = key.StartsWith(Prefix, StringComparison.Ordinal) ? key[Prefix.Length..] : key;
        if (name == "embeddings.position_ids" || !(name.StartsWith("embeddings.", StringComparison.Ordinal) || name.StartsWith("transformer.", StringComparison.Ordinal))) return null;
        if (name.EndsWith(".gamma", StringComparison.Ordinal)) return Part + name[..^"gamma".Length] + "weight";
        return name.EndsWith(".beta", StringComparison.Ordinal) ? Part + name[..^"beta".Length] + "bias" : Part + name;
    }

    private static TextEncoderConfig Settings(string path, TextEncoderConfig weights)
    {
        if (new FileInfo(path).Length > 1 << 20) throw Invalid("it is too long.");
        ConfigFile file;
        try
        {
            file = JsonSerializer.Deserialize<ConfigFile>(File.ReadAllText(path), Json) ?? throw Invalid("it is empty.");
        }
        catch (JsonException e)
        {
            throw Invalid(e.Message, e);
        }
        if (file.ModelType != "distilbert") throw Invalid($"model_type is \"{file.ModelType}\", not \"distilbert\".");
        if (file.Activation is not (null or "gelu")) throw Invalid($"activation is \"{file.Activation}\", but only \"gelu\" is known.");
        Same("vocab_size", file.VocabSize, weights.VocabSize);
        Same("max_position_embeddings", file.MaxPositionEmbeddings, weights.MaxPositionEmbeddings);
        Same("dim", file.Dim, weights.Dim);
        Same("n_layers", file.NLayers, weights.NLayers);
        Same("hidden_dim", file.HiddenDim, weights.HiddenDim);
        return weights with
        {
            NHeads = file.NHeads ?? 12,
            Dropout = file.Dropout ?? weights.Dropout,
            AttentionDropout = file.AttentionDropout ?? weights.AttentionDropout,
            PadTokenId = file.PadTokenId ?? 0,
        };
    }

    private static void Same(string name, int? said, int found)
    {
        if (said is { } value && value != found) throw Invalid($"{name} is {value}, but the weights have {found}.");
    }

    private static ModelFormatException Invalid(string message, Exception? inner = null) => new("config-invalid", $"The DistilBERT's config.json cannot be used: {message}", inner);

    private sealed record ConfigFile(string? ModelType, string? Activation, int? VocabSize, int? MaxPositionEmbeddings, int? Dim, int? NLayers, int? NHeads, int? HiddenDim,
        double? Dropout, double? AttentionDropout, int? PadTokenId);
}
