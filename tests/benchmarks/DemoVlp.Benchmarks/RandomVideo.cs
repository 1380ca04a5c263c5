using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;

namespace DemoVlp.Benchmarks;

/// <summary>Videos and texts of the right shapes with random content.</summary>
internal static class RandomVideo
{
    internal static IReadOnlyList<FrameRegions> Frames(int seed, ObjectTransformerConfig config)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, config.NumFrames).Select(f => Frame(f, random, config))];
    }

    internal static IEnumerable<int> Words(int seed, int count, int vocabulary = 30000)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, count).Select(_ => random.Next(1000, vocabulary)).ToArray();
    }

    private static FrameRegions Frame(int index, Random random, ObjectTransformerConfig config)
    {
        var n = config.ObjectNum;
        var boxes = new float[n * 4];
        for (var i = 0; i < n; i++)
        {
            var (x, y) = (random.NextSingle() * 500, random.NextSingle() * 300);
            (boxes[i * 4], boxes[i * 4 + 1], boxes[i * 4 + 2], boxes[i * 4 + 3]) = (x, y, x + 20 + random.NextSingle() * 100, y + 20 + random.NextSingle() * 100);
        }
        return new FrameRegions(index, index, 640, 480, Many(n * config.FeatureDim, random.NextSingle), boxes,
            new int[n], Many(n, random.NextSingle), new int[n], new float[n]);
    }

    private static float[] Many(int count, Func<float> next)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++) values[i] = next();
        return values;
    }
}
