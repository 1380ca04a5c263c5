using System.Globalization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>
/// Keeps a run from asking for more memory than the machine has, which would take the whole process down: what the encoders keep of a batch for the
/// gradient grows with it. The alignment of all its pairs is computed in blocks and stays bounded (<see cref="RegionWordAlignment.BlockElements"/>).
/// </summary>
internal static class StepMemory
{
    private const int AlignmentTensors = 20;

    /// <summary>
    /// Bytes that a step takes besides weights and optimiser. By counting the tensors a block of either encoder keeps, its attention written out; measured were 5.4 MB a pair for the
    /// tiny model (6.0 by this count; before decision 0020, since which it keeps a little less) and 220 to 380 MB for the paper's (250). A bound where samples share their videos: a step may happen to have none that do.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="batchSize">Samples.</param>
    /// <param name="sample">What a step encodes for each of its samples.</param>
    public static long Estimate(ModelConfig config, int batchSize, SampleSize sample)
    {
        var (text, video) = (config.TextConfig, config.ObjectConfig);
        var words = config.Padding == PaddingRule.Reference ? config.MaxTextLength : Math.Min(sample.LongestText, config.MaxTextLength);
        var regions = video.NumFrames * video.ObjectNum;
        var perRegion = (14 + 3L * video.MlpRatio) * video.EmbedDim + 2L * video.NumHeads * (video.ObjectNum + 1);
        var perWord = 16L * text.Dim + 3L * text.HiddenDim + 2L * text.NHeads * words;
        var encoders = batchSize * ((1L + regions) * video.Depth * perRegion + sample.Texts * words * text.NLayers * perWord);
        var alignment = AlignmentTensors * Math.Min((long)batchSize * batchSize * words * regions, RegionWordAlignment.For(config).BlockElements);
        return (encoders + alignment) * sizeof(float);
    }

    /// <summary>Refuses a batch that takes more than half of the machine; everybody else needs the rest.</summary>
    /// <exception cref="RunFailedException"><c>not-enough-memory</c>.</exception>
    public static void Check(ModelConfig config, int batchSize, SampleSize sample)
    {
        var (needed, available) = (Estimate(config, batchSize, sample), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        if (needed <= available / 2) return;
        throw new RunFailedException("not-enough-memory", string.Create(CultureInfo.InvariantCulture,
            $"A step with {batchSize} pairs would take about {needed >> 30} GiB, and this machine has {available >> 30} GiB; ask for a smaller batch."));
    }
}
