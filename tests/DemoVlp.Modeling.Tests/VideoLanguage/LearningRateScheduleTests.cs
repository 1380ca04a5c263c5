using DemoVlp.Modeling.VideoLanguage.Training;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void WarmupLinear_OverATraining_RisesToThePeakAndFallsInEqualSteps()
    {
        var rates = Enumerable.Range(0, 11).Select(step => Math.Round(LearningRateSchedule.WarmupLinear(step, 10, 2, 8), 9)).ToArray();
        Assert.Equal([4, 8, 8, 7, 6, 5, 4, 3, 2, 1, 0], rates);
    }

    [Theory]
    [InlineData(0, 5, 0, 1.0)]
    [InlineData(9, 5, 0, 0.0)] // After the end, as when a run is prolonged.
    [InlineData(0, 1, 1, 1.0)]
    public void WarmupLinear_AtItsLimits_StaysBetweenZeroAndThePeak(long step, long total, long warmup, double expected) =>
        Assert.Equal(expected, LearningRateSchedule.WarmupLinear(step, total, warmup, 1));
}
