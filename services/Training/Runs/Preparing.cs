using DemoVlp.Contracts.Http;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Runs;

/// <summary>Tells of a run whose clips are being prepared how far that is and how long the run will take: the clips at their pace so far, what comes after them by the estimate.</summary>
internal sealed class Preparing(HeldRun held, TimeProvider time) : IProgress<PrepareProgress>
{
    private (int Done, long At)? first;

    /// <summary>Estimated seconds of steps and validations; null: nobody can tell.</summary>
    public double? FitSeconds { get; set; }

    public void Report(PrepareProgress value)
    {
        var (done, at) = first ??= (value.Done, time.GetTimestamp());
        var (made, left) = (value.Done - done, value.Total - value.Done);
        // There is no pace before a clip has been made.
        double? preparing = left == 0 ? 0 : made > 0 ? time.GetElapsedTime(at).TotalSeconds * left / made : null;
        held.Progress = held.Progress with { Preparation = new RunPreparation(value.Done, value.Total), SecondsLeft = preparing + FitSeconds };
    }
}
