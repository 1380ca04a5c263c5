using DemoVlp.Modeling.Regions;

namespace DemoVlp.QueryAnswering.Tests;

/// <summary>Region files as a detector would write them, of random numbers.</summary>
internal static class Regions
{
    public const int FeatureDim = 12, Frames = 3, PerFrame = 4;

    public static RegionFile Create(int seed, int featureDim = FeatureDim)
    {
        var random = new Random(seed);
        return new RegionFile("test", "0123", featureDim, [.. Enumerable.Range(0, Frames).Select(f => Frame(f, featureDim, random))]);
    }

    private static FrameRegions Frame(int index, int featureDim, Random random)
    {
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
        var boxes = Enumerable.Range(0, PerFrame).SelectMany(_ =>
        {
            var (x, y) = (random.Next(0, 300), random.Next(0, 200));
            return new float[] { x, y, x + random.Next(1, 300), y + random.Next(1, 100) };
        });
        int[] ids = [.. Enumerable.Range(0, PerFrame)];
        return new FrameRegions(index, 0.5 + index, 640, 360, Numbers(PerFrame * featureDim), [.. boxes], ids, Numbers(PerFrame), ids, Numbers(PerFrame));
    }
}
