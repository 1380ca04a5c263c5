using System.Globalization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>
/// Keeps a run from asking for more memory than the machine has, which would take the whole process down. What grows fastest is the alignment:
/// it compares each word with each region for all pairs of a batch, B x B x words x regions numbers, and keeps a score of such tensors for the gradient
/// (14 measured for the tiny model at 16 to 48 pairs; counted as 20).
/// </summary>
internal static class StepMemory
{
    private const int KeptTensors = 20;

    /// <summary>Bytes that the alignment of a step takes.</summary>
    public static long Estimate(ModelConfig config, int batchSize, int longestText)
    {
        var words = config.Padding == PaddingRule.Reference ? config.MaxTextLength : Math.Min(longestText, config.MaxTextLength);
        return (long)batchSize * batchSize * words * config.ObjectConfig.NumFrames * config.ObjectConfig.ObjectNum * sizeof(float) * KeptTensors;
    }

    /// <summary>Refuses a batch whose alignment alone takes more than half of the machine; the encoders and everybody else need the rest.</summary>
    /// <exception cref="RunFailedException"><c>not-enough-memory</c>.</exception>
    public static void Check(ModelConfig config, int batchSize, int longestText)
    {
        var (needed, available) = (Estimate(config, batchSize, longestText), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        if (needed <= available / 2) return;
        throw new RunFailedException("not-enough-memory", string.Create(CultureInfo.InvariantCulture,
            $"A step with {batchSize} pairs would take at least {needed >> 30} GiB, and this machine has {available >> 30} GiB; ask for a smaller batch."));
    }
}
