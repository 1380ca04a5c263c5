using System.Text.Json;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>The networks of a case: every size comes from its manifest, the index or the weights' shapes.</summary>
internal static class GoldenModel
{
    /// <summary>The architecture a case was made with.</summary>
    internal static ModelConfig ModelConfig(this GoldenCase golden, PaddingRule padding = PaddingRule.Reference)
    {
        using var scope = NewDisposeScope();
        var weights = golden.Weights();
        var video = Part("object", "embed_dim");
        var text = Part("text", "n_layers");
        var labels = Shape("head.classifier.main.3.weight")?[0] ?? 0;
        return new ModelConfig
        {
            Task = labels > 0 ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval,
            NumLabels = (int)labels,
            HeadDim = (int?)Shape("head.classifier.q_net.main.0.bias")?[0],
            Padding = padding,
            ProjectionDim = Int(video, "output_dim"),
            MaxTextLength = Int(text, "max_position_embeddings"),
            FocalType = golden.Focal(),
            LambdaSoftmax = golden.Setting("lambda_softmax", 20),
            Temperature = golden.Setting("temperature", 0.05),
            TextConfig = new()
            {
                VocabSize = Int(text, "vocab_size"), Dim = Int(text, "dim"), NLayers = Int(text, "n_layers"), NHeads = Int(text, "n_heads"),
                HiddenDim = Int(text, "hidden_dim"), MaxPositionEmbeddings = Int(text, "max_position_embeddings"), PadTokenId = Int(text, "pad_token_id"),
            },
            ObjectConfig = new()
            {
                FeatureDim = Int(video, "feat_dim"), EmbedDim = Int(video, "embed_dim"), Depth = Int(video, "depth"), NumHeads = Int(video, "num_heads"),
                MlpRatio = Int(video, "mlp_ratio"), NumFrames = (int)Shape("temporal_embed")![1], ObjectNum = (int)Shape("custom_pos_embed")![1] - 1,
                TimeModule = Shape("blocks.0.timeattn.qkv.weight") is null ? "" : ObjectTransformerConfig.TimeAttention,
            },
        };

        JsonElement Part(string name, string mark) => golden.Config.TryGetProperty(name, out var nested) ? nested
            : golden.Config.TryGetProperty(mark, out _) ? golden.Config : GoldenSet.Index.GetProperty("arch").GetProperty(name);

        long[]? Shape(string key) => weights.FirstOrDefault(w => w.Key == key || w.Key.EndsWith("." + key, StringComparison.Ordinal)).Value?.shape;

        static int Int(JsonElement from, string name) => checked((int)from.GetProperty(name).GetDouble());
    }

    internal static FocalType Focal(this GoldenCase golden) =>
        golden.Config.ValueKind == JsonValueKind.Object && golden.Config.TryGetProperty("focal_type", out var focal) && focal.GetString() != "equal" ? FocalType.Prob : FocalType.Equal;

    internal static double Setting(this GoldenCase golden, string name, double otherwise) =>
        golden.Config.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;

    /// <summary>The alignment as published, with the case's settings.</summary>
    internal static RegionWordAlignment Alignment(this GoldenCase golden, double? lambda = null) =>
        new(golden.Focal(), PaddingRule.Reference, lambda ?? golden.Setting("lambda_softmax", 20));

    /// <summary>The case's weights under the model's keys.</summary>
    internal static IReadOnlyDictionary<string, Tensor> Weights(this GoldenCase golden) =>
        ReferenceCheckpoint.Load(GoldenSet.File_("cases", golden.Manifest.GetProperty("weights").GetProperty("file").GetString()!));

    /// <summary>A network with the case's weights, in evaluation mode.</summary>
    internal static T Load<T>(this GoldenCase golden, T network) where T : Module
    {
        using var scope = NewDisposeScope();
        ModelWeights.LoadStrictly(network, golden.Weights());
        network.eval();
        return network;
    }

    /// <summary>The words' mask as the published loss makes it: 0 or -100, without [CLS].</summary>
    internal static Tensor WordMask(Tensor attentionMask) => (attentionMask.narrow(1, 1, attentionMask.shape[1] - 1).to_type(ScalarType.Float32) - 1) * 100;

    /// <summary>What a part of a network gives while <paramref name="forward"/> runs.</summary>
    internal static IReadOnlyDictionary<string, Tensor> Capture(Module network, IEnumerable<string> parts, Action forward)
    {
        var modules = network.named_modules().ToDictionary(m => m.name, m => m.module);
        var seen = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var hooks = new List<Action>();
        foreach (var part in parts)
        {
            hooks.Add(modules[part] switch
            {
                Module<Tensor, Tensor> one => one.register_forward_hook((_, _, output) => Keep(part, output)).remove,
                Module<Tensor, Tensor, Tensor> two => two.register_forward_hook((_, _, _, output) => Keep(part, output)).remove,
                Module<Tensor, VideoMask, Tensor> block => block.register_forward_hook((_, _, _, output) => Keep(part, output)).remove,
                var other => throw new NotSupportedException($"{part} is a {other.GetType()}"),
            });
        }
        try
        {
            forward();
        }
        finally
        {
            hooks.ForEach(remove => remove());
        }
        return seen;

        Tensor Keep(string part, Tensor output)
        {
            seen[part] = output.detach().clone().DetachFromDisposeScope();
            return output;
        }
    }
}
