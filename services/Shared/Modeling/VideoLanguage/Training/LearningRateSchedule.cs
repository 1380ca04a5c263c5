namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Learning rates over a training.</summary>
public static class LearningRateSchedule
{
    /// <summary>
    /// The published rule: the configured rate in epoch 1, from then on <paramref name="laterRate"/> times 0.1 for each milestone reached.
    /// Its commands leave <paramref name="laterRate"/> at 2e-4, twenty times the configured rate; pass the same rate twice for a plain step schedule.
    /// </summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="firstRate">Of epoch 1.</param>
    /// <param name="laterRate">Of epoch 2, before any milestone.</param>
    /// <param name="milestones">Epochs after which the rate falls.</param>
    public static double Reference(int epoch, double firstRate, double laterRate, IReadOnlyCollection<int> milestones) =>
        epoch <= 1 ? firstRate : laterRate * Math.Pow(0.1, milestones.Count(m => m <= epoch - 1));

    /// <summary>A linear rise over the first steps, then a linear fall to zero after the last (transformers' <c>get_linear_schedule_with_warmup</c>): the default of new training.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="totalSteps">Of the whole training.</param>
    /// <param name="warmupSteps">Of the rise.</param>
    /// <param name="peakRate">The largest rate.</param>
    public static double WarmupLinear(long step, long totalSteps, long warmupSteps, double peakRate) => step < warmupSteps
        ? peakRate * (step + 1) / warmupSteps
        : peakRate * Math.Clamp((totalSteps - step) / (double)Math.Max(1, totalSteps - warmupSteps), 0, 1);
}
