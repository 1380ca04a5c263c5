using System.Text;
using DemoVlp.Modeling.Serialization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>A model as read from its directory: <see cref="Network"/> is an <see cref="ObjectRelation"/> or an <see cref="ObjectQARelation"/>.</summary>
/// <param name="Config">Architecture.</param>
/// <param name="Network">The network, in evaluation mode, on the device it was loaded to.</param>
/// <param name="Vocabulary">Word pieces by token id.</param>
/// <param name="Answers">Answers by label; empty for retrieval.</param>
public sealed record LoadedModel(ModelConfig Config, Module Network, IReadOnlyList<string> Vocabulary, IReadOnlyList<string> Answers) : IDisposable
{
    /// <summary>Frees the network's memory.</summary>
    public void Dispose() => Network.Dispose();
}

/// <summary>A model on disk: <c>config.json</c>, <c>model.safetensors</c>, <c>vocab.txt</c> and, for QA, <c>answers.txt</c> (one answer a line).</summary>
public static class ModelDirectory
{
    private const string ConfigFile = "config.json", WeightsFile = "model.safetensors", VocabularyFile = "vocab.txt", AnswersFile = "answers.txt";
    private const long MaximumTextBytes = 64 << 20;

    /// <summary>An untrained network of a configuration, on the CPU; the same seed gives the same weights.</summary>
    public static Module Create(ModelConfig config, ulong seed)
    {
        config.Validate();
        var network = Build(config);
        ModelInitialisation.Apply(network, seed);
        return network;
    }

    /// <summary>Writes a model; files that are there are replaced, the weights last of all but the configuration.</summary>
    /// <exception cref="ModelFormatException"><c>model-precision</c>: it was loaded in bfloat16.</exception>
    /// <exception cref="ArgumentException">Vocabulary or answers do not have the configured count, or cannot be written one to a line.</exception>
    public static void Save(string directory, ModelConfig config, Module network, IReadOnlyList<string> vocabulary, IReadOnlyList<string>? answers = null)
    {
        config.Validate();
        ModelWeights.RequireFloat32(network);
        answers ??= [];
        CheckLines(vocabulary, config.TextConfig.VocabSize, nameof(vocabulary));
        CheckLines(answers, Labels(config), nameof(answers));
        Directory.CreateDirectory(directory);
        WriteLines(Path.Combine(directory, VocabularyFile), vocabulary);
        if (answers.Count > 0) WriteLines(Path.Combine(directory, AnswersFile), answers);
        Safetensors.Save(Path.Combine(directory, WeightsFile), ModelWeights.Of(network), new Dictionary<string, string> { ["format"] = "pt" });
        File.WriteAllText(Path.Combine(directory, ConfigFile), config.ToJson());
    }

    /// <summary>Reads a model, every file of it checked, and moves it to a device (the CPU by default). With <see cref="ComputePrecision.BFloat16"/> it serves inference only.</summary>
    /// <exception cref="ModelFormatException">
    /// <c>model-incomplete</c>: a file is missing; <c>config-invalid</c>, <c>safetensors-malformed</c>, <c>weights-mismatch</c>;
    /// <c>vocabulary-mismatch</c> or <c>answers-mismatch</c>: another number of lines than configured.
    /// </exception>
    public static LoadedModel Load(string directory, Device? device = null, ComputePrecision precision = ComputePrecision.Float32)
    {
        var config = ModelConfig.Parse(File.ReadAllText(Existing(directory, ConfigFile, 1 << 20)));
        var vocabulary = ReadLines(directory, VocabularyFile, config.TextConfig.VocabSize, "vocabulary-mismatch");
        var answers = ReadAnswers(directory, config);
        var weights = Existing(directory, WeightsFile, long.MaxValue);
        // A configuration that asks for far more than the file holds must not get its memory first.
        var parameters = ModelSize.Parameters(config);
        if (new FileInfo(weights).Length < parameters) throw new ModelFormatException("weights-mismatch", $"The configuration describes {parameters} parameters, which {WeightsFile} is too short to hold.");
        var network = Build(config);
        try
        {
            ModelWeights.LoadFile(network, weights);
            if (device is not null) network.to(device);
            if (precision == ComputePrecision.BFloat16) Autocast.ConvertWeights(network);
            network.eval();
        }
        catch
        {
            network.Dispose();
            throw;
        }
        return new LoadedModel(config, network, vocabulary, answers);
    }

    /// <summary>The answers of a model by label, without its weights; empty for retrieval.</summary>
    /// <exception cref="ModelFormatException"><c>model-incomplete</c> or <c>answers-mismatch</c>.</exception>
    public static IReadOnlyList<string> ReadAnswers(string directory, ModelConfig config) =>
        Labels(config) == 0 ? [] : ReadLines(directory, AnswersFile, config.NumLabels, "answers-mismatch");

    /// <summary>Writes an untrained tiny model (<see cref="ModelConfig.Tiny"/>): for retrieval, or for QA if answers are given. The same arguments give the same files.</summary>
    public static ModelConfig CreateTiny(string directory, IReadOnlyList<string> vocabulary, int featureDim, IReadOnlyList<string>? answers = null,
        ulong seed = 0, int numFrames = 8, int objectNum = 20, bool timeAttention = false)
    {
        var config = ModelConfig.Tiny(vocabulary.Count, featureDim, numFrames, objectNum, answers?.Count ?? 0, timeAttention);
        using var network = Create(config, seed);
        Save(directory, config, network, vocabulary, answers);
        return config;
    }

    internal static Module Build(ModelConfig config)
    {
        // Layers are made with random weights.
        lock (DefaultGenerator.Gate) return config.Task == ModelTasks.QuestionAnswering ? new ObjectQARelation(config) : new ObjectRelation(config);
    }

    private static int Labels(ModelConfig config) => config.Task == ModelTasks.QuestionAnswering ? config.NumLabels : 0;

    private static void CheckLines(IReadOnlyList<string> lines, int expected, string name)
    {
        if (lines.Count != expected) throw new ArgumentException($"The configuration asks for {expected} lines, not {lines.Count}.", name);
        if (lines.Any(l => l.Contains('\n', StringComparison.Ordinal) || l.Contains('\r', StringComparison.Ordinal))) throw new ArgumentException("An entry contains a line break.", name);
    }

    private static void WriteLines(string path, IEnumerable<string> lines) =>
        File.WriteAllText(path, string.Concat(lines.Select(l => l + "\n")), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

    internal static string[] ReadLines(string directory, string file, int expected, string code)
    {
        var text = File.ReadAllText(Existing(directory, file, MaximumTextBytes), Encoding.UTF8).Replace("\r\n", "\n", StringComparison.Ordinal);
        // Not ReadLines: U+0085 and the like are tokens of BERT's vocabulary, not line ends, and an empty last line is none.
        var lines = (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
        if (lines.Length != expected) throw new ModelFormatException(code, $"{file} has {lines.Length} lines, but the configuration asks for {expected}.");
        return lines;
    }

    private static string Existing(string directory, string file, long limit)
    {
        var path = Path.Combine(directory, file);
        if (!File.Exists(path)) throw new ModelFormatException("model-incomplete", $"The model directory has no {file}.");
        if (new FileInfo(path).Length > limit) throw new ModelFormatException("model-incomplete", $"{file} is too long.");
        return path;
    }
}
