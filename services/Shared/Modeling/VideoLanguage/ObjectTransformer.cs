// Video encoder over region features (paper section 3.1; reference: class ObjectTransformer).
// B: videos, F: frames, N: regions per frame, R = F*N, D: width, d: width of the common space, I: feature width.

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>
/// Regions [B, F, N, I+6] and their mask [B, F, N] (1 real, 0 padding) to tokens [B, 1+R, d], [CLS] first, and the additive mask
/// [B, 1+R] (0 or -100, in the type of the mask that came in). Takes up to the configured number of frames.
/// </summary>
public sealed class ObjectTransformer : Module<Tensor, Tensor, (Tensor Tokens, Tensor Mask)>
{
    private readonly int featureDim;
    private readonly int maximumFrames;
    private readonly int objectNum;
    private readonly Parameter cls_token;
    private readonly Parameter custom_pos_embed; // Only entry 0 is used: regions have no order.
    private readonly Parameter temporal_embed;
    private readonly ModuleList<SpaceTimeBlock> blocks;
    private readonly LayerNorm norm; // In every checkpoint, never applied.
    private readonly Linear object_embedding;
    private readonly Linear pos_embedding;
    private readonly Linear proj;

    /// <summary>An encoder with torch's default initialisation; see <see cref="ModelInitialisation"/>.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="projectionDim">d.</param>
    public ObjectTransformer(ObjectTransformerConfig config, int projectionDim) : base(nameof(ObjectTransformer))
    {
        var dim = config.EmbedDim;
        featureDim = config.FeatureDim;
        maximumFrames = config.NumFrames;
        objectNum = config.ObjectNum;
        cls_token = Parameter(zeros(1, 1, dim));
        custom_pos_embed = Parameter(zeros(1, objectNum + 1, dim));
        temporal_embed = Parameter(zeros(1, maximumFrames, dim));
        blocks = ModuleList(Enumerable.Range(0, config.Depth).Select(_ => new SpaceTimeBlock(config)).ToArray());
        norm = LayerNorm(dim, eps: 1e-6);
        object_embedding = Linear(config.FeatureDim, dim);
        pos_embedding = Linear(ObjectTransformerConfig.PositionDim, dim);
        proj = Linear(dim, projectionDim, hasBias: false);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override (Tensor Tokens, Tensor Mask) forward(Tensor x, Tensor objectMask)
    {
        using var scope = NewDisposeScope();
        var (batch, frames, regions) = (x.shape[0], x.shape[1], x.shape[2]);
        if (frames > maximumFrames || regions != objectNum || x.shape[3] != featureDim + ObjectTransformerConfig.PositionDim)
        {
            throw new ArgumentException($"The video encoder takes up to {maximumFrames} frames of {objectNum} regions with {featureDim} + 6 numbers, " +
                $"not [{string.Join(", ", x.shape)}].", nameof(x));
        }
        var mask = cat([ones(batch, 1, objectMask.dtype, objectMask.device), objectMask.reshape(batch, -1)], 1).Sub(1).Mul(100); // (B, 1+R)
        var visible = new VideoMask(mask.to_type(x.dtype), frames);
        var tokens = Embed(x);
        foreach (var block in blocks) tokens = block.call(tokens, visible);
        return (proj.call(tokens).MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <summary>The tokens that enter the first block, [B, 1+R, D].</summary>
    public Tensor Embed(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (batch, frames, regions) = (x.shape[0], x.shape[1], x.shape[2]);
        var features = x.narrow(3, 0, featureDim);
        var places = x.narrow(3, featureDim, ObjectTransformerConfig.PositionDim);
        var embedded = Autocast.Linear(object_embedding, features).Add(pos_embedding.call(places)).flatten(1, 2); // (B, R, D)
        var time = temporal_embed.narrow(1, 0, frames).repeat_interleave(regions, 1); // (1, R, D): frame by frame
        var position = cat([custom_pos_embed.narrow(1, 0, 1), time], 1);
        return cat([cls_token.expand(batch, -1, -1), embedded], 1).Add(position).MoveToOuterDisposeScope();
    }
}
