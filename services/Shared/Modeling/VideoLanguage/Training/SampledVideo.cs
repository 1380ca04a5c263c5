using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>A video and the frames of it that a step looks at.</summary>
/// <param name="video">All its frames, in order of time.</param>
/// <param name="config">How many frames and regions are looked at.</param>
/// <param name="random">What frames are drawn from; null: evenly chosen ones.</param>
internal sealed class SampledVideo(IReadOnlyList<FrameRegions> video, ObjectTransformerConfig config, Random? random)
{
    private readonly int[] positions = random is null ? FrameSampling.Uniform(video.Count, config.NumFrames) : FrameSampling.Random(video.Count, config.NumFrames, random);

    /// <summary>How many tokens it has.</summary>
    public int Regions => positions.Length * config.ObjectNum;

    /// <summary>What is seen.</summary>
    /// <exception cref="ModelFormatException"><c>regions-mismatch</c>.</exception>
    public ObjectInput Input() => ObjectInput.Create(video, positions, config);
}
