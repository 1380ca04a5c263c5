using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>
/// Weights of a model that starts from nothing. The paper's never does: its encoders come from pretrained files, and its temporal embeddings begin at 0. Here the layers
/// of the encoders are normal with LeCun's standard deviation (0.088 at width 128, where BERT's 0.02 leaves every layer next to linear), frames are told apart from
/// the first step on, and places weigh as much as features. Everything else has torch's defaults (decision 0015).
/// </summary>
public static class ModelInitialisation
{
    // A box's numbers lie between 0 and 1 and change by some tenths while a thing moves; pooled features are smaller than 1 too.
    private const double PlaceGain = 6, FeatureGain = 2, WaveHeight = 1;

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
                case Linear linear when name.EndsWith("pos_embedding", StringComparison.Ordinal): Uniform(linear, generator, PlaceGain); break;
                case Linear linear when name.EndsWith("object_embedding", StringComparison.Ordinal): Uniform(linear, generator, FeatureGain); break;
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
        foreach (var (_, module) in model.named_modules())
        {
            if (module is RegionAttention head) head.LookForWhatIsAlike();
            if (module is VarAttention attention) attention.LookForWhatIsAlike();
        }
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (name.EndsWith("temporal_embed", StringComparison.Ordinal)) Waves(parameter);
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
        linear.weight!.normal_(0, 1 / Math.Sqrt(linear.weight.shape[1]), generator);
        linear.bias?.FillInPlace(0);
    }

    private static void Uniform(Linear linear, Generator generator, double gain = 1)
    {
        var bound = 1 / Math.Sqrt(linear.weight!.shape[1]);
        linear.weight.uniform_(-gain * bound, gain * bound, generator);
        linear.bias?.uniform_(-bound, bound, generator);
    }

    /// <summary>[1, F, D]: sines and cosines of the frame's time, of one to F half waves in all frames together.</summary>
    private static void Waves(Tensor embedding)
    {
        var (frames, width) = ((int)embedding.shape[1], (int)embedding.shape[2]);
        var values = new float[frames * width];
        for (var frame = 0; frame < frames; frame++)
            for (var i = 0; i < width; i++)
            {
                var angle = Math.PI * (i / 2 % frames + 1) * (frame + 0.5) / frames;
                values[frame * width + i] = (float)(WaveHeight * (i % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle)));
            }
        embedding.copy_(tensor(values).view(embedding.shape));
    }
}
