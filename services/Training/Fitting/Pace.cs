using System.Diagnostics;

namespace DemoVlp.Training.Fitting;

/// <summary>How fast a run goes, and what it has cost so far.</summary>
/// <param name="stepWork">Operations of a step.</param>
/// <param name="validationWork">Operations of a validation.</param>
/// <param name="cpuSecondsBefore">Processor time of earlier attempts.</param>
/// <param name="wallSecondsBefore">Their wall-clock time.</param>
internal sealed class Pace(double stepWork, double validationWork, double cpuSecondsBefore, double wallSecondsBefore)
{
    private readonly TimeSpan cpuBegan = Environment.CpuUsage.TotalTime;
    private readonly long began = Stopwatch.GetTimestamp();
    private double secondsPerValidation;

    /// <summary>A mean in which later steps count more.</summary>
    public double SecondsPerStep { get; private set; }

    public double CpuSeconds => cpuSecondsBefore + (Environment.CpuUsage.TotalTime - cpuBegan).TotalSeconds;

    public double WallSeconds => wallSecondsBefore + Stopwatch.GetElapsedTime(began).TotalSeconds;

    public void Stepped(double seconds) => SecondsPerStep = SecondsPerStep == 0 ? seconds : 0.9 * SecondsPerStep + 0.1 * seconds;

    public void Validated(double seconds) => secondsPerValidation = seconds;

    /// <summary>Seconds that so many steps and validations will take. Before the first validation it is taken to be as fast as the steps.</summary>
    public double SecondsFor(int steps, int validations) =>
        steps * SecondsPerStep + validations * (secondsPerValidation > 0 ? secondsPerValidation : SecondsPerStep * validationWork / stepWork);
}
