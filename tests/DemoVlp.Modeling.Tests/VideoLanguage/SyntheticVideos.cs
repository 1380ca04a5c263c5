using DemoVlp.Modeling.Regions;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>Videos of a small world: each region's feature says which of a few things it is.</summary>
internal static class SyntheticVideos
{
    internal const int FeatureDim = 16, Things = 6;

    internal static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "thing0", "thing1", "thing2", "thing3", "thing4", "thing5"];

    /// <summary>Token ids of "thing{n}".</summary>
    internal static int[] Text(params int[] things) => [2, .. things.Select(t => 4 + t), 3];

    /// <summary>Frames with one region of the thing and some of noise.</summary>
    internal static FrameRegions[] Video(int thing, int seed, int frames = 4, int regions = 3)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, frames).Select(f => Frame(f, thing, random, regions))];
    }

    private static FrameRegions Frame(int index, int thing, Random random, int count)
    {
        var features = new float[count * FeatureDim];
        for (var i = 0; i < features.Length; i++) features[i] = random.NextSingle() * 0.1f;
        var place = random.Next(count);
        features[place * FeatureDim + thing] = 3;
        var boxes = Enumerable.Range(0, count).SelectMany(_ => { var (x, y) = (random.Next(50), random.Next(40)); return new float[] { x, y, x + 10, y + 20 }; }).ToArray();
        return new FrameRegions(index, index * 0.5, 64, 64, features, boxes, new int[count], [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())], new int[count], new float[count]);
    }
}
