// Checkpoints of the published code (spec section 9) as model directories.

using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>How a published checkpoint is taken over.</summary>
public sealed record ImportOptions
{
    /// <summary>Frames of the new model; those of the checkpoint if left out.</summary>
    public int? NumFrames { get; init; }

    /// <summary>Temporal embeddings of frames the checkpoint has not; the published default of its task if left out.</summary>
    public TemporalFix? TemporalFix { get; init; }

    /// <summary>Width of one attention head, which no checkpoint tells: 64 in all published models.</summary>
    public int HeadWidth { get; init; } = 64;
}

/// <summary>Reads <c>.pth</c> (torch.save) or <c>.safetensors</c> files with the published code's keys.</summary>
public static class ReferenceCheckpoint
{
    /// <summary>Writes a checkpoint as a model directory, with <see cref="PaddingRule.Reference"/>, so that its scores stay the published ones.</summary>
    /// <param name="checkpoint">Path of the checkpoint.</param>
    /// <param name="directory">Model directory to write.</param>
    /// <param name="vocabulary">Word pieces it was trained with (distilbert-base-uncased's).</param>
    /// <param name="answers">Answers by label, for a QA checkpoint.</param>
    /// <param name="options">How; the defaults fit the published files.</param>
    /// <exception cref="ModelFormatException">
    /// <c>checkpoint-malformed</c>, <c>safetensors-malformed</c>; <c>checkpoint-foreign</c>: it is none of this model; <c>weights-mismatch</c>;
    /// <c>vocabulary-mismatch</c> or <c>answers-mismatch</c>: another number than the checkpoint has.
    /// </exception>
    public static ModelConfig Import(string checkpoint, string directory, IReadOnlyList<string> vocabulary, IReadOnlyList<string>? answers = null, ImportOptions? options = null)
    {
        using var scope = NewDisposeScope();
        options ??= new ImportOptions();
        var weights = Load(checkpoint);
        var config = Configuration(weights, options);
        if (vocabulary.Count != config.TextConfig.VocabSize) throw new ModelFormatException("vocabulary-mismatch", $"The checkpoint has {config.TextConfig.VocabSize} word pieces, the vocabulary {vocabulary.Count}.");
        if ((answers?.Count ?? 0) != config.NumLabels) throw new ModelFormatException("answers-mismatch", $"The checkpoint has {config.NumLabels} answers, but {answers?.Count ?? 0} were given.");
        var fix = options.TemporalFix ?? (config.NumLabels > 0 ? TemporalFix.Bilinear : TemporalFix.Zeros);
        weights["object_model.temporal_embed"] = TemporalEmbedding.Resize(weights["object_model.temporal_embed"], config.ObjectConfig.NumFrames, fix);
        using var network = ModelDirectory.Build(config);
        ModelWeights.LoadStrictly(network, weights);
        ModelDirectory.Save(directory, config, network, vocabulary, answers);
        return config;
    }

    /// <summary>The weights of a checkpoint under the model's keys: without <c>module.</c>, without what is no weight. They belong to the current dispose scope.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c> or <c>safetensors-malformed</c>.</exception>
    public static Dictionary<string, Tensor> Load(string checkpoint)
    {
        var weights = checkpoint.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? Safetensors.Load(checkpoint) : LoadTorch(checkpoint);
        var prefixed = weights.Keys.FirstOrDefault()?.StartsWith("module.", StringComparison.Ordinal) == true;
        return weights.Select(w => (Key: prefixed && w.Key.StartsWith("module.", StringComparison.Ordinal) ? w.Key["module.".Length..] : w.Key, w.Value))
            .Where(w => w.Key != "text_model.embeddings.position_ids").DistinctBy(w => w.Key).ToDictionary(w => w.Key, w => w.Value, StringComparer.Ordinal);
    }

    /// <summary>The architecture that a checkpoint's shapes tell.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-foreign</c>: it is none of this model; <c>config-invalid</c>.</exception>
    public static ModelConfig Configuration(IReadOnlyDictionary<string, Tensor> weights, ImportOptions options)
    {
        var words = Shape("text_model.embeddings.word_embeddings.weight", 2);
        var features = Shape("object_model.object_embedding.weight", 2);
        var temporal = Shape("object_model.temporal_embed", 3);
        var answers = weights.ContainsKey("head.classifier.main.3.weight") ? (int)Shape("head.classifier.main.3.weight", 2)[0] : 0;
        var positions = (int)Shape("text_model.embeddings.position_embeddings.weight", 2)[0];
        var config = new ModelConfig
        {
            Task = answers > 0 ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval,
            NumLabels = answers,
            HeadDim = HeadDim(),
            Padding = PaddingRule.Reference,
            ProjectionDim = (int)Shape("object_model.proj.weight", 2)[0],
            MaxTextLength = Math.Min(100, positions),
            TextConfig = new TextEncoderConfig
            {
                VocabSize = (int)words[0], Dim = (int)words[1], NHeads = (int)words[1] / options.HeadWidth, MaxPositionEmbeddings = positions,
                NLayers = Count("text_model.transformer.layer.{0}.ffn.lin1.weight"), HiddenDim = (int)Shape("text_model.transformer.layer.0.ffn.lin1.weight", 2)[0],
            },
            ObjectConfig = new ObjectTransformerConfig
            {
                FeatureDim = (int)features[1], EmbedDim = (int)features[0], NumHeads = (int)features[0] / options.HeadWidth,
                Depth = Count("object_model.blocks.{0}.mlp.fc1.weight"), MlpRatio = (int)(Shape("object_model.blocks.0.mlp.fc1.weight", 2)[0] / Math.Max(1, features[0])),
                NumFrames = options.NumFrames ?? (int)temporal[1], ObjectNum = (int)Shape("object_model.custom_pos_embed", 3)[1] - 1,
                TimeModule = weights.ContainsKey("object_model.blocks.0.timeattn.qkv.weight") ? ObjectTransformerConfig.TimeAttention : "",
            },
        };
        config.Validate();
        return config;

        long[] Shape(string key, int dimensions) => weights.TryGetValue(key, out var weight) && weight.shape.Length == dimensions && weight.shape.All(s => s < int.MaxValue)
            ? weight.shape
            : throw new ModelFormatException("checkpoint-foreign", $"The checkpoint is none of this model: it has no {key} with {dimensions} dimensions.");

        int? HeadDim() => answers == 0 || Shape("head.classifier.q_net.main.0.weight_v", 2) is var head && head[0] == head[1] ? null : (int)head[0];

        int Count(string pattern) => Enumerable.Range(0, 1000).TakeWhile(i => weights.ContainsKey(string.Format(System.Globalization.CultureInfo.InvariantCulture, pattern, i))).Count();
    }

    private static IReadOnlyDictionary<string, Tensor> LoadTorch(string path)
    {
        using var checkpoint = TorchCheckpoint.Open(path);
        return checkpoint.Find("state_dict") is PickleDictionary ? checkpoint.Tensors("state_dict") : checkpoint.Tensors();
    }
}
