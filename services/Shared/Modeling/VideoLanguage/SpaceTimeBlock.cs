// One block of the video encoder (paper section 3.1; reference: class SpaceTimeBlock).
// The space attention's residual comes from the block's input, not from the time attention's output, as in Frozen in Time.

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

internal sealed class SpaceTimeBlock : Module<Tensor, VideoMask, Tensor>
{
    private readonly LayerNorm norm1;
    private readonly VarAttention attn;
    private readonly VarAttention? timeattn;
    private readonly LayerNorm norm2;
    private readonly Mlp mlp;
    private readonly LayerNorm norm3; // In every checkpoint; without time attention it is never used and never changes.

    internal SpaceTimeBlock(ObjectTransformerConfig config) : base(nameof(SpaceTimeBlock))
    {
        var dim = config.EmbedDim;
        norm1 = LayerNorm(dim, eps: 1e-6);
        attn = new VarAttention(dim, config.NumHeads, AttentionGroups.Space);
        timeattn = config.HasTimeAttention ? new VarAttention(dim, config.NumHeads, AttentionGroups.Time) : null;
        norm2 = LayerNorm(dim, eps: 1e-6);
        mlp = new Mlp(dim, dim * config.MlpRatio);
        norm3 = LayerNorm(dim, eps: 1e-6);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, VideoMask mask)
    {
        using var scope = NewDisposeScope();
        var y = timeattn is null ? x : x.Add(timeattn.call(norm3.call(x), mask));
        var space = x.Add(attn.call(norm1.call(y), mask));
        return space.Add(mlp.call(norm2.call(space))).MoveToOuterDisposeScope();
    }
}

internal sealed class Mlp : Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;

    internal Mlp(int dim, int hidden) : base(nameof(Mlp))
    {
        fc1 = Linear(dim, hidden);
        fc2 = Linear(hidden, dim);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => Autocast.Linear(fc2, functional.gelu(Autocast.Linear(fc1, x)));
}
