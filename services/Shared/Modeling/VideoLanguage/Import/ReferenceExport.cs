using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>
/// Writes a model for the published code: a safetensors file whose keys, shapes and order are those of its <c>state_dict</c>, in float32, so that
/// <c>model.load_state_dict(safetensors.torch.load_file(path))</c> takes it strictly.
/// </summary>
/// <remarks>
/// The published code scores with padding (<see cref="PaddingRule.Reference"/>): a model trained under <see cref="PaddingRule.Masked"/> loads there too, but its scores
/// differ. The rule stands in the file's metadata under <c>padding</c>, and the whole configuration under <c>config</c>, from which an import takes what shapes do not tell.
/// </remarks>
public static class ReferenceExport
{
    private const string ConfigKey = "config";

    /// <summary>Writes the file under a temporary name and renames it.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="config">The model's configuration.</param>
    /// <exception cref="ModelFormatException"><c>model-precision</c>: it was loaded in bfloat16.</exception>
    /// <param name="network">An <see cref="ObjectRelation"/> or <see cref="ObjectQARelation"/>, on any device.</param>
    public static void Write(string path, ModelConfig config, Module network)
    {
        ModelWeights.RequireFloat32(network);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["padding"] = config.Padding == PaddingRule.Reference ? "reference" : "masked", [ConfigKey] = config.ToJson() };
        Safetensors.Save(path, ModelWeights.Of(network), metadata, keepOrder: true);
    }

    /// <summary>The configuration that an export states; null for any other file.</summary>
    /// <exception cref="ModelFormatException"><c>config-invalid</c> or <c>safetensors-malformed</c>.</exception>
    internal static ModelConfig? Stated(string path) =>
        WeightFile.IsSafetensors(path) && Safetensors.ReadMetadata(path).TryGetValue(ConfigKey, out var json) ? ModelConfig.Parse(json) : null;

    internal static ImportOptions WithHeads(ImportOptions options, ModelConfig stated) => options with
    {
        HeadWidth = stated.ObjectConfig.EmbedDim / stated.ObjectConfig.NumHeads,
        TextHeadWidth = stated.TextConfig.Dim / stated.TextConfig.NHeads,
    };

    /// <summary>What the shapes tell stays.</summary>
    internal static ModelConfig Complete(ModelConfig shapes, ModelConfig stated)
    {
        var config = shapes with
        {
            MaxTextLength = stated.MaxTextLength,
            Padding = stated.Padding,
            FocalType = stated.FocalType,
            LambdaSoftmax = stated.LambdaSoftmax,
            Temperature = stated.Temperature,
            TextConfig = shapes.TextConfig with { Dropout = stated.TextConfig.Dropout, AttentionDropout = stated.TextConfig.AttentionDropout, PadTokenId = stated.TextConfig.PadTokenId },
            ObjectConfig = shapes.ObjectConfig with { RegionOrder = stated.ObjectConfig.RegionOrder },
        };
        config.Validate();
        return config;
    }
}
