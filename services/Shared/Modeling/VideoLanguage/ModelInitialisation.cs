using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>
/// Weights of a model that starts from nothing: DistilBERT's and ViT's own initialisations (normal, standard deviation 0.02, biases 0) for
/// what the paper takes from pretrained files, torch's defaults for what it adds, temporal embeddings 0.
/// </summary>
public static class ModelInitialisation
{
    /// <summary>Sets every parameter of a model on the CPU; the same seed gives the same bits.</summary>
    public static void Apply(Module model, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator(seed);
        foreach (var (name, module) in model.named_modules())
        {
            switch (module)
            {
                case Linear linear when IsBackbone(name): Normal(linear, generator); break;
                case Linear linear: Uniform(linear, generator); break;
                case WeightNormLinear linear: linear.Initialise(generator); break;
                case LayerNorm norm:
                    norm.weight!.FillInPlace(1);
                    norm.bias!.FillInPlace(0);
                    break;
                case Embedding embedding: embedding.weight!.normal_(0, 0.02, generator); break;
                default: break;
            }
        }
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (name.EndsWith("temporal_embed", StringComparison.Ordinal)) parameter.FillInPlace(0);
            else if (name.EndsWith("cls_token", StringComparison.Ordinal) || name.EndsWith("custom_pos_embed", StringComparison.Ordinal)) parameter.normal_(0, 0.02, generator);
        }
    }

    /// <summary>Layers whose weights the paper loads from DistilBERT and ViT-B/16.</summary>
    private static bool IsBackbone(string name) =>
        name.Contains("transformer.layer.", StringComparison.Ordinal) ||
        (name.Contains("blocks.", StringComparison.Ordinal) && !name.Contains("timeattn", StringComparison.Ordinal));

    /// <summary>Linear layers inside the encoders: where the time goes.</summary>
    internal static bool IsEncoderLayer(string name) =>
        name.Contains("transformer.layer.", StringComparison.Ordinal) || name.Contains("blocks.", StringComparison.Ordinal) || name.EndsWith("object_embedding", StringComparison.Ordinal);

    private static void Normal(Linear linear, Generator generator)
    {
        linear.weight!.normal_(0, 0.02, generator);
        linear.bias?.FillInPlace(0);
    }

    private static void Uniform(Linear linear, Generator generator)
    {
        var bound = 1 / Math.Sqrt(linear.weight!.shape[1]);
        linear.weight.uniform_(-bound, bound, generator);
        linear.bias?.uniform_(-bound, bound, generator);
    }
}
