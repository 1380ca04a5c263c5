using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>A short video's tokens are looked at as a whole, a long one's group by group: the same attention.</summary>
public sealed class VarAttentionTests
{
    private const int Width = 16, Heads = 2, Frames = 3, Regions = 4, Tokens = 1 + Frames * Regions;

    [Theory]
    [InlineData("Space")]
    [InlineData("Space", 8, 9, 10, 11, 12)]
    [InlineData("Time")]
    [InlineData("Time", 4, 8, 11, 12)]
    public void Attention_AsAWholeAndByGroup_IsTheSame(string groups, params int[] padding)
    {
        using var scope = NewDisposeScope();
        var kind = Enum.Parse<AttentionGroups>(groups);
        using var attention = new VarAttention(Width, Heads, kind);
        var mask = zeros(2, Tokens);
        // In the second video; a whole group of each kind among it.
        foreach (var token in padding) mask[1][token] = -100;
        var (whole, wholeGradient) = Attend(new VideoMask(mask, Frames));
        var byGroup = new VideoMask(mask, Frames, wholeUpTo: 0);
        Assert.Null(byGroup.Of(kind));
        var (grouped, groupedGradient) = Attend(byGroup);
        Assert.True(allclose(grouped, whole, rtol: 1e-4, atol: 1e-5));
        Assert.True(allclose(groupedGradient, wholeGradient, rtol: 1e-4, atol: 1e-5));

        (Tensor Output, Tensor Gradient) Attend(VideoMask seen)
        {
            var x = Input().requires_grad_();
            var output = attention.call(x, seen);
            (output * Input()).sum().backward();
            return (output, x.grad!);
        }
    }

    [Fact]
    public void VideoMask_OfALongVideo_LeavesPairsOfAllTokensOut()
    {
        using var scope = NewDisposeScope();
        Assert.NotNull(new VideoMask(zeros(1, 33), 8).Of(AttentionGroups.Time));
        Assert.Null(new VideoMask(zeros(1, 241), 8).Of(AttentionGroups.Space));
    }

    // Not all alike, and no random numbers.
    private static Tensor Input() => arange(2 * Tokens * Width, ScalarType.Float32).mul(0.7).sin().view(2, Tokens, Width);
}
