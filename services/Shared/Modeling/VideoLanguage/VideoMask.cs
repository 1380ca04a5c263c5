// Who attends to whom in divided attention (paper section 3.1).
// B: videos, F: frames, N: regions per frame, R = F*N.

using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>Which region tokens see each other besides [CLS].</summary>
internal enum AttentionGroups
{
    /// <summary>The N regions of one frame.</summary>
    Space,

    /// <summary>The F occurrences of one region slot.</summary>
    Time,
}

/// <summary>The masks of some videos' tokens, the same in all blocks. Its tensors belong to the scope it was made in.</summary>
internal sealed class VideoMask
{
    // Of longer videos most pairs are of different groups, and looking at all of them costs more than taking the groups apart (measured: as much with 81 tokens of width 768).
    private const int WholeUpTo = 64;

    private readonly Tensor? space, time;

    /// <summary>Masks from those of the tokens.</summary>
    /// <param name="tokens">[B, 1+R]: 0 real, -100 padding.</param>
    /// <param name="frames">F.</param>
    /// <param name="wholeUpTo">Tokens of a video up to which it is looked at as a whole.</param>
    public VideoMask(Tensor tokens, long frames, int wholeUpTo = WholeUpTo)
    {
        (Tokens, Frames) = (tokens.unsqueeze(1).unsqueeze(1), frames);
        var regions = tokens.shape[1] - 1;
        if (tokens.shape[1] > wholeUpTo || regions == 0) return;
        space = Whole(TensorNumbers.Arange(frames, ScalarType.Int64, tokens.device).unsqueeze(1).expand(-1, regions / frames).flatten());
        time = Whole(TensorNumbers.Arange(regions / frames, ScalarType.Int64, tokens.device).expand(frames, -1).flatten());
    }

    /// <summary>[B, 1, 1, 1+R], additive: what every token may see at all.</summary>
    public Tensor Tokens { get; }

    /// <summary>F.</summary>
    public long Frames { get; }

    /// <summary>[B, 1, 1+R, 1+R], additive: what each token sees in its group; null for videos that are too long to be looked at as a whole.</summary>
    public Tensor? Of(AttentionGroups groups) => groups == AttentionGroups.Space ? space : time;

    // From each region's group, [R]. [CLS] sees all and is seen by all.
    private Tensor Whole(Tensor group)
    {
        var apart = nn.functional.pad(group.unsqueeze(0).ne(group.unsqueeze(1)), [1, 0, 1, 0]); // (1+R, 1+R)
        return zeros_like(apart, Tokens.dtype).MaskedFill(apart, double.NegativeInfinity).Add(Tokens);
    }
}
