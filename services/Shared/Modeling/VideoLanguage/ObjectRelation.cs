// The retrieval model (paper section 3; reference: class ObjectRelation, and ObjectMCRelation, which is the same network).
// B: pairs, T: tokens, L = T-1 words, F: frames, N: regions per frame, R = F*N, d: width of the common space.

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>Both sides of a batch in the common space.</summary>
/// <param name="GlobalText">[B, d]: the [CLS] tokens of the texts.</param>
/// <param name="LocalText">[B, L, d]: all other tokens, [SEP] and padding included.</param>
/// <param name="GlobalObject">[B, d]: the [CLS] tokens of the videos.</param>
/// <param name="LocalObject">[B, R, d]: the regions, padding included.</param>
/// <param name="ObjectMask">[B, R]: 0 for regions, -100 for padding.</param>
public sealed record RelationOutput(Tensor GlobalText, Tensor LocalText, Tensor GlobalObject, Tensor LocalObject, Tensor ObjectMask);

/// <summary>A model that has both encoders, whatever its head.</summary>
public interface IObjectRelation
{
    /// <summary>Token ids [B, T] (int64) and mask [B, T] to projected tokens [B, T, d].</summary>
    Tensor EncodeText(Tensor inputIds, Tensor attentionMask);

    /// <summary>Regions [B, F, N, I+6] and mask [B, F, N] to tokens [B, 1+R, d] and mask [B, 1+R] (0 or -100).</summary>
    (Tensor Tokens, Tensor Mask) EncodeObjects(Tensor objects, Tensor objectMask);
}

/// <summary>Two encoders into one space, for retrieval and multiple choice. Inputs: token ids, attention mask, objects, object mask.</summary>
public sealed class ObjectRelation : Module<Tensor, Tensor, Tensor, Tensor, RelationOutput>, IObjectRelation
{
    private readonly DistilBert text_model;
    private readonly ObjectTransformer object_model;
    private readonly Sequential txt_proj;

    /// <summary>A model with torch's default initialisation; see <see cref="ModelInitialisation"/>.</summary>
    public ObjectRelation(ModelConfig config) : base(nameof(ObjectRelation))
    {
        text_model = new DistilBert(config.TextConfig);
        object_model = new ObjectTransformer(config.ObjectConfig, config.ProjectionDim);
        txt_proj = Sequential(ReLU(), Linear(config.TextConfig.Dim, config.ProjectionDim));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public Tensor EncodeText(Tensor inputIds, Tensor attentionMask) => txt_proj.call(text_model.call(inputIds, attentionMask));

    /// <inheritdoc/>
    public (Tensor Tokens, Tensor Mask) EncodeObjects(Tensor objects, Tensor objectMask) => object_model.call(objects, objectMask);

    /// <inheritdoc/>
    public override RelationOutput forward(Tensor inputIds, Tensor attentionMask, Tensor objects, Tensor objectMask)
    {
        var text = EncodeText(inputIds, attentionMask);
        var (tokens, mask) = EncodeObjects(objects, objectMask);
        return new RelationOutput(text.select(1, 0), text.narrow(1, 1, text.shape[1] - 1),
            tokens.select(1, 0), tokens.narrow(1, 1, tokens.shape[1] - 1), mask.narrow(1, 1, mask.shape[1] - 1));
    }
}
