// Checkpoints of the published code (spec sections 9.1 and 9.2).

using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>
/// A checkpoint with the published code's keys: <c>.pth</c>, with or without <c>module.</c> before each key, or safetensors. Its pickled configuration is
/// not read: the shapes tell the architecture.
/// </summary>
public static class ReferenceCheckpoint
{
    private const string TemporalKey = "object_model.temporal_embed", Head = "head.", Answers = "head.classifier.main.3.weight", PositionIds = "text_model.embeddings.position_ids";

    /// <summary>Writes a checkpoint as a model directory: <see cref="CheckpointImport.ToModelDirectory"/> for this one kind of source.</summary>
    /// <exception cref="ModelFormatException">As there.</exception>
    public static ModelConfig Import(string checkpoint, string directory, IReadOnlyList<string> vocabulary, IReadOnlyList<string>? answers = null, ImportOptions? options = null) =>
        CheckpointImport.ToModelDirectory(new ImportSources { Checkpoint = checkpoint, Vocabulary = vocabulary, Answers = answers }, directory, options).Config;

    /// <summary>The weights of a checkpoint under the model's keys, without <c>module.</c>. They belong to the current dispose scope.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c> or <c>safetensors-malformed</c>.</exception>
    public static Dictionary<string, Tensor> Load(string checkpoint)
    {
        const string prefix = "module.";
        var weights = WeightFile.Load(checkpoint, "state_dict");
        var prefixed = weights.Keys.FirstOrDefault()?.StartsWith(prefix, StringComparison.Ordinal) == true;
        return weights.Select(w => (Key: prefixed && w.Key.StartsWith(prefix, StringComparison.Ordinal) ? w.Key[prefix.Length..] : w.Key, w.Value))
            .DistinctBy(w => w.Key).ToDictionary(w => w.Key, w => w.Value, StringComparer.Ordinal);
    }

    /// <summary>The architecture that a checkpoint's shapes tell.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-foreign</c>: it is none of this model; <c>config-invalid</c>; <c>weights-mismatch</c>: the options ask for other regions than the checkpoint's.</exception>
    public static ModelConfig Configuration(IReadOnlyDictionary<string, Tensor> weights, ImportOptions options)
    {
        var text = CheckpointShapes.Text(weights, "text_model.", options.TextHeadWidth ?? options.HeadWidth);
        var answers = weights.ContainsKey(Answers) ? (int)CheckpointShapes.Of(weights, Answers, 2)[0] : 0;
        var frames = (int)CheckpointShapes.Of(weights, TemporalKey, 3)[1];
        var config = new ModelConfig
        {
            Task = answers > 0 ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval,
            NumLabels = answers,
            HeadDim = HeadDim(),
            Padding = PaddingRule.Reference,
            ProjectionDim = (int)CheckpointShapes.Of(weights, "object_model.proj.weight", 2)[0],
            MaxTextLength = Math.Min(ModelConfig.Base.MaxTextLength, text.MaxPositionEmbeddings),
            TextConfig = text,
            ObjectConfig = CheckpointShapes.Blocks(weights, "object_model.", options.HeadWidth) with
            {
                FeatureDim = (int)CheckpointShapes.Of(weights, "object_model.object_embedding.weight", 2)[1],
                NumFrames = options.NumFrames ?? frames,
                ObjectNum = (int)CheckpointShapes.Of(weights, "object_model.custom_pos_embed", 3)[1] - 1,
                TimeModule = weights.ContainsKey("object_model.blocks.0.timeattn.qkv.weight") ? ObjectTransformerConfig.TimeAttention : "",
            },
        };
        config.Validate();
        CheckAsked(weights, "object_model.custom_pos_embed", options.ObjectNum, config.ObjectConfig.ObjectNum, "regions per frame");
        CheckAsked(weights, "object_model.object_embedding.weight", options.FeatureDim, config.ObjectConfig.FeatureDim, "numbers per region feature");
        return config;

        int? HeadDim() => answers == 0 || CheckpointShapes.Of(weights, "head.classifier.q_net.main.0.weight_v", 2) is var head && head[0] == head[1] ? null : (int)head[0];
    }

    /// <summary>A network of <paramref name="config"/> with a checkpoint's weights: temporal embeddings resized, and a head the checkpoint lacks left random.</summary>
    internal static (Module Network, WeightReport Report) Build(string file, Dictionary<string, Tensor> weights, ModelConfig config, ImportOptions options)
    {
        var questions = config.Task == ModelTasks.QuestionAnswering;
        var hasHead = weights.ContainsKey(Answers);
        var fix = options.TemporalFix ?? (questions ? TemporalFix.Bilinear : TemporalFix.Zeros);
        CheckpointShapes.CheckHolds(weights, ModelSize.Parameters(config));
        // Whole numbers cannot be interpolated; they are refused with all other tensors that do not fit.
        if (weights[TemporalKey].is_floating_point()) weights[TemporalKey] = TemporalEmbedding.Resize(weights[TemporalKey], config.ObjectConfig.NumFrames, fix);
        var network = questions && !hasHead ? ModelDirectory.Create(config, options.Seed) : ModelDirectory.Build(config);
        try
        {
            var report = WeightTransfer.Load(network, file, weights, key => key == PositionIds ? null : key, "", name => hasHead || !name.StartsWith(Head, StringComparison.Ordinal));
            return (network, report);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static void CheckAsked(IReadOnlyDictionary<string, Tensor> weights, string key, int? asked, int have, string what)
    {
        if (asked is { } wanted && wanted != have)
            throw new ModelFormatException("weights-mismatch", $"The checkpoint has {have} {what}, not {wanted}: {key} is [{string.Join(", ", weights[key].shape)}].");
    }
}
