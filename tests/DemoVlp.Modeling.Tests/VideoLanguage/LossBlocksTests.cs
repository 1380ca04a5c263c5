using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>The alignment loss of a large batch, whose gradients come block by block.</summary>
public sealed class LossBlocksTests
{
    [Theory]
    [InlineData(PaddingRule.Masked, ScalarType.Float32)]
    [InlineData(PaddingRule.Masked, ScalarType.Float64)]
    [InlineData(PaddingRule.Reference, ScalarType.Float32)]
    [InlineData(PaddingRule.Reference, ScalarType.Float64)]
    public void RWALoss_InBlocks_HasTheGradientsOfTheWhole(PaddingRule padding, ScalarType masks)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var (regions, words) = (randn(7, 6, 8).requires_grad_(), randn(7, 5, 8).requires_grad_());
        var (regionMask, wordMask) = (Mask(7, 6, masks), Mask(7, 5, masks));
        var alignment = new RegionWordAlignment(FocalType.Equal, padding);
        var blocks = alignment with { BlockElements = 6 * 5 * 4 };
        Assert.False(alignment.NeedsBlocks(regions, words));
        Assert.True(blocks.NeedsBlocks(regions, words));

        var (value, byRegions, byWords) = Run(alignment);
        var (blockValue, blockByRegions, blockByWords) = Run(blocks);

        Assert.Equal(value, blockValue, 1e-5 * Math.Abs(value));
        AssertClose(byRegions, blockByRegions);
        AssertClose(byWords, blockByWords);

        (double, Tensor, Tensor) Run(RegionWordAlignment how)
        {
            regions.grad?.zero_();
            words.grad?.zero_();
            // Weighted, as in a sum of losses: the factor has to reach the gradients.
            var loss = new RWALoss(how).Compute(regions, regionMask, words, wordMask) * tensor(3f);
            loss.backward();
            return (loss.to_type(ScalarType.Float64).item<double>(), regions.grad!.clone(), words.grad!.clone());
        }
    }

    [Fact]
    public void RWALoss_OfATwiceAsLargeBatch_TakesNoMoreMemoryThanItsBlocks()
    {
        Assert.SkipUnless(NativeMemory.IsCounted, "This C library does not tell what is allocated.");
        var alignment = new RegionWordAlignment(FocalType.Equal, PaddingRule.Masked) { BlockElements = 1 << 16 };
        Peak(alignment, 16); // What the first call loads and allocates for good.

        var (half, whole, direct) = (Peak(alignment, 64), Peak(alignment, 128), Peak(alignment with { BlockElements = long.MaxValue }, 128));

        // Of all pairs at 128 a matrix takes 16 MiB, of a block's 256 KiB, and ten to twenty live at a time. Whatever else the process does is far below.
        const long matrix = 16 << 20;
        Assert.True(direct.Kept > 4 * matrix && direct.Peak > 6 * matrix, $"Without blocks: {direct}. The measure shows nothing.");
        Assert.True(whole.Kept < matrix, $"Kept for the gradient: {whole} at 128, {half} at 64.");
        Assert.True(whole.Peak < matrix, $"At most in use: {whole} at 128, {half} at 64.");

        // Kept: what the graph holds between loss and gradient.
        static (long Kept, long Peak) Peak(RegionWordAlignment alignment, int batch)
        {
            using var scope = NewDisposeScope();
            manual_seed(6);
            var (regions, words) = (randn(batch, 16, 16).requires_grad_(), randn(batch, 16, 16).requires_grad_());
            var (regionMask, wordMask) = (zeros(batch, 16), zeros(batch, 16));
            NativeMemory.Settle();
            var (before, kept) = (NativeMemory.InUse(), 0L);
            var peak = NativeMemory.PeakOf(() =>
            {
                var loss = new RWALoss(alignment).Compute(regions, regionMask, words, wordMask);
                kept = NativeMemory.InUse() - before;
                loss.backward();
            });
            return (kept, peak);
        }
    }

    /// <summary>The last row has no padding, each before it one more.</summary>
    private static Tensor Mask(int count, int length, ScalarType type) => tensor(
        [.. from i in Enumerable.Range(0, count) from j in Enumerable.Range(0, length) select j < Math.Max(1, length - (count - 1 - i)) ? 0f : -100f], [count, length], type);

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        var largest = expected.abs().max().item<float>();
        Assert.True(largest > 0);
        Assert.True((expected - actual).abs().max().item<float>() < 1e-4f * largest, $"{(expected - actual).abs().max().item<float>()} of {largest}");
    }
}
