// Divided attention (paper section 3.1; reference: model/video_transformer/region_transformer, class VarAttention).
// B: videos, F: frames, N: regions per frame, R = F*N, D: width, h: heads, G: groups, S: tokens of a group.

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>
/// Tokens [B, 1+R, D] and their mask to [B, 1+R, D]: [CLS] attends to all tokens, every region to [CLS] and to the regions of its own group.
/// </summary>
internal sealed class VarAttention : Module<Tensor, VideoMask, Tensor>
{
    private readonly int heads;
    private readonly AttentionGroups groups;
    private readonly Linear qkv;
    private readonly Linear proj;

    internal VarAttention(int dim, int heads, AttentionGroups groups) : base(nameof(VarAttention))
    {
        this.heads = heads;
        this.groups = groups;
        qkv = Linear(dim, 3 * dim);
        proj = Linear(dim, dim);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, VideoMask mask)
    {
        var (batch, length, dim) = (x.shape[0], x.shape[1], x.shape[2]);
        var parts = Autocast.Linear(qkv, x).view(batch, length, 3, heads, dim / heads).permute(2, 0, 3, 1, 4).unbind(0); // 3 x (B, h, 1+R, D/h)
        var (q, k, v) = (parts[0], parts[1], parts[2]);
        var seen = mask.Of(groups) is { } whole ? functional.scaled_dot_product_attention(q, k, v, whole) : InGroups(q, k, v, mask); // (B, h, 1+R, D/h)
        return Autocast.Linear(proj, seen.transpose(1, 2).flatten(2)); // (B, 1+R, D)
    }

    /// <summary>
    /// Begins with attention to what is alike, to itself before all: one random projection for queries and keys. With two, each token of a model that starts from nothing
    /// begins as an average of its group and learns to be one: every region then knows of all things in its frame, and not which of them is its own.
    /// </summary>
    internal void LookForWhatIsAlike()
    {
        var width = qkv.weight!.shape[1];
        qkv.weight.narrow(0, 0, width).copy_(qkv.weight.narrow(0, width, width));
    }

    private Tensor InGroups(Tensor q, Tensor k, Tensor v, VideoMask mask)
    {
        var (all, frames, regions) = (mask.Tokens, mask.Frames, q.shape[2] - 1);
        q = q.Mul(Math.Pow(q.shape[3], -0.5));
        var cls = Attend(q.narrow(2, 0, 1), k, v, all); // (B, h, 1, D/h)
        var (kCls, vCls) = (k.narrow(2, 0, 1), v.narrow(2, 0, 1));
        var regionMask = Group(all.narrow(3, 1, regions).transpose(2, 3), frames).transpose(3, 4); // (B, 1, G, 1, S)
        var keyMask = cat([all.narrow(3, 0, 1).unsqueeze(2).expand(-1, -1, regionMask.shape[2], -1, -1), regionMask], -1); // (B, 1, G, 1, 1+S)
        var grouped = Attend(Group(Regions(q), frames), WithCls(kCls, Group(Regions(k), frames)), WithCls(vCls, Group(Regions(v), frames)), keyMask); // (B, h, G, S, D/h)
        return cat([cls, Ungroup(grouped)], 2);
    }

    private static Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor mask) => q.matmul(k.transpose(-2, -1)).Add(mask).softmax(-1).matmul(v);

    private static Tensor Regions(Tensor x) => x.narrow(2, 1, x.shape[2] - 1);

    /// <summary>(B, h, R, c) to (B, h, G, S, c).</summary>
    private Tensor Group(Tensor x, long frames)
    {
        var split = x.reshape(x.shape[0], x.shape[1], frames, -1, x.shape[3]); // (B, h, F, N, c)
        return groups == AttentionGroups.Space ? split : split.transpose(2, 3);
    }

    /// <summary>(B, h, G, S, c) to (B, h, R, c), frame by frame.</summary>
    private Tensor Ungroup(Tensor x) => (groups == AttentionGroups.Space ? x : x.transpose(2, 3)).flatten(2, 3);

    private static Tensor WithCls(Tensor cls, Tensor grouped) =>
        cat([cls.unsqueeze(2).expand(-1, -1, grouped.shape[2], -1, -1), grouped], 3); // (B, h, G, 1+S, c)
}
