using System.Globalization;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>What the shapes of a checkpoint tell about its architecture.</summary>
internal static class CheckpointShapes
{
    private const int MaximumLayers = 1000, FreeParameters = 4 << 20;

    /// <summary>The shape under a key.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-foreign</c>: there is none with so many dimensions.</exception>
    internal static long[] Of(IReadOnlyDictionary<string, Tensor> weights, string key, int dimensions) =>
        weights.TryGetValue(key, out var weight) && weight.shape.Length == dimensions && weight.shape.All(s => s is > 0 and < int.MaxValue)
            ? weight.shape
            : throw new ModelFormatException("checkpoint-foreign", $"The file holds no weights of this model: it has no {key} with {dimensions} dimensions.");

    /// <summary>The text encoder whose keys begin with <paramref name="prefix"/>.</summary>
    internal static TextEncoderConfig Text(IReadOnlyDictionary<string, Tensor> weights, string prefix, int headWidth)
    {
        var words = Of(weights, prefix + "embeddings.word_embeddings.weight", 2);
        var config = new TextEncoderConfig
        {
            VocabSize = (int)words[0],
            Dim = (int)words[1],
            NHeads = Heads(words[1], headWidth),
            MaxPositionEmbeddings = (int)Of(weights, prefix + "embeddings.position_embeddings.weight", 2)[0],
            NLayers = Count(weights, prefix + "transformer.layer.{0}.ffn.lin1.weight"),
            HiddenDim = (int)Of(weights, prefix + "transformer.layer.0.ffn.lin1.weight", 2)[0],
        };
        CheckHolds(weights, ModelSize.Text(config));
        return config;
    }

    /// <summary>The blocks whose keys begin with <paramref name="prefix"/>; sizes that they do not tell are those of the paper.</summary>
    internal static ObjectTransformerConfig Blocks(IReadOnlyDictionary<string, Tensor> weights, string prefix, int headWidth)
    {
        var width = Of(weights, prefix + "cls_token", 3)[2];
        var config = new ObjectTransformerConfig
        {
            EmbedDim = (int)width,
            NumHeads = Heads(width, headWidth),
            Depth = Count(weights, prefix + "blocks.{0}.mlp.fc1.weight"),
            MlpRatio = (int)(Of(weights, prefix + "blocks.0.mlp.fc1.weight", 2)[0] / width),
        };
        CheckHolds(weights, ModelSize.VisionTransformer(config));
        return config;
    }

    /// <summary>
    /// Shapes alone may lie (a tensor can be one number repeated): no network is built that is much larger than the numbers at hand. A file that merely lacks
    /// some of its tensors passes, to be told which.
    /// </summary>
    internal static void CheckHolds(IReadOnlyDictionary<string, Tensor> weights, long parameters)
    {
        if (parameters <= 0 || 2 * weights.Values.Sum(w => w.numel()) + FreeParameters < parameters)
            throw new ModelFormatException("checkpoint-foreign", $"The file holds no weights of this model: its shapes speak of {parameters} parameters, which it does not have.");
    }

    /// <summary>0, which no configuration may have, where the width is no multiple or makes no sense.</summary>
    private static int Heads(long width, int headWidth) => headWidth > 0 && width % headWidth == 0 ? (int)(width / headWidth) : 0;

    private static int Count(IReadOnlyDictionary<string, Tensor> weights, string pattern) =>
        Enumerable.Range(0, MaximumLayers).TakeWhile(i => weights.ContainsKey(string.Format(CultureInfo.InvariantCulture, pattern, i))).Count();
}
