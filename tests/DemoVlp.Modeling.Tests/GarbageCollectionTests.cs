using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests;

/// <summary>What a garbage collection at any moment must not change (decision 0011).</summary>
public sealed class GarbageCollectionTests
{
    private const int Rounds = 2000;

    [Fact]
    public void Similarity_WhileGarbageIsCollectedAllTheTime_GivesTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var generator = new Generator(7);
        var (regions, words) = (randn(4, 6, 8, generator: generator), randn(4, 5, 8, generator: generator));
        var (regionMask, wordMask) = (zeros(4, 6), zeros(4, 5));
        var alignment = new RegionWordAlignment(FocalType.Equal, PaddingRule.Reference);
        var expected = Bits();

        var stop = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref stop)) { GC.Collect(0); GC.WaitForPendingFinalizers(); }
        });
        collector.Start();
        try
        {
            for (var round = 0; round < Rounds; round++) Assert.Equal(expected, Bits());
        }
        finally
        {
            Volatile.Write(ref stop, true);
            collector.Join();
        }

        float[] Bits()
        {
            using var step = NewDisposeScope();
            return alignment.Similarity(regions, regionMask, words, wordMask).data<float>().ToArray();
        }
    }
}
