using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.MovingShapes;
using Microsoft.ML.Tokenizers;

namespace DemoVlp.Benchmarks;

/// <summary>A clip of Moving Shapes as a model takes it: what the detector sees in its frames, and the token ids of its captions.</summary>
internal sealed record ShapesClip(IReadOnlyList<FrameRegions> Frames, IReadOnlyList<IReadOnlyList<int>> Captions)
{
    private const int FrameCount = 8;

    internal static List<ShapesClip> Of(ulong seed, Split split, int count, RegionExtractor detector, Tokenizer tokenizer) =>
        [.. Clip.Of(seed, Vocabulary.Standard, split).Take(count).Select(c => new ShapesClip(
            detector.Extract([.. DrawnFrames.Of(c.Scene, FrameCount)], FrameCount), [.. c.Captions.Select(text => tokenizer.EncodeToIds(text))]))];

    /// <summary>With another caption in each pass.</summary>
    internal RetrievalSample Sample(int pass) => new(Frames, Captions[pass % Captions.Count]);
}
