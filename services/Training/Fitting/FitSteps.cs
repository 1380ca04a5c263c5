using System.Diagnostics;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>The steps and validations of a fit, one after the other. Used on the training thread.</summary>
internal sealed class FitSteps
{
    private readonly FitInput input;
    private readonly Learner learner;
    private readonly BatchPlan plan;
    private readonly Checkpoints checkpoints;
    private readonly RegionCache regions;
    private readonly Journal journal;
    private readonly FitMeters meters;
    private readonly Pace pace;
    private readonly int checkpointSteps, validationInterval;
    private long clock = Stopwatch.GetTimestamp();

    public FitSteps(FitInput input, Learner learner, BatchPlan plan, Checkpoints checkpoints, RegionCache regions, Journal journal, int checkpointSteps, FitState state)
    {
        (this.input, this.learner, this.plan, this.checkpoints, this.regions, this.journal, this.checkpointSteps, State) = (input, learner, plan, checkpoints, regions, journal, checkpointSteps, state);
        meters = new FitMeters(Run.Task);
        var work = new Work(learner.Model.Config, input.Examples.SampleSize(input.Tokens.Longest, plan.BatchSize));
        validationInterval = work.ValidationInterval(input.Examples.Validation.Count, input.Examples.ValidationClips, plan.StepsPerEpoch, plan.BatchSize);
        pace = new Pace(work.Step(plan.BatchSize), work.Validation(input.Examples.Validation.Count, input.Examples.ValidationClips), Run.CpuSeconds, Run.WallSeconds);
    }

    /// <summary>What the validations have given so far.</summary>
    public FitState State { get; private set; }

    private HeldRun Held => input.Held;

    private Data.RunRow Run => input.Held.Run;

    private IModelTrainer Trainer => learner.Trainer;

    // Passes that are done, if a pass has just been done; otherwise 0.
    private int EpochJustDone => Trainer.Steps > 0 && Trainer.Steps % plan.StepsPerEpoch == 0 ? (int)Trainer.Steps / plan.StepsPerEpoch : 0;

    private bool ValidationIsDue => EpochJustDone is > 0 and var epoch && epoch > State.Epoch && Validates(epoch);

    /// <summary>Steps until the run is through.</summary>
    /// <returns>Whether it is; false: it has to stop before.</returns>
    /// <exception cref="RunFailedException"><c>diverged</c> or <c>dataset-too-small</c>.</exception>
    public bool Go()
    {
        Report(RunPhase.Training);
        clock = Stopwatch.GetTimestamp();
        var reader = new BatchReader(input.Examples.Train, input.Tokens, plan, regions, (int)Trainer.Steps);
        try
        {
            while (true)
            {
                if (Held.Stop.IsCancellationRequested)
                {
                    // Who has lost the run must not write over what the next worker does.
                    if (Held.Reason != StopReason.LeaseLost && Trainer.Steps > 0) checkpoints.Save(learner, State);
                    return false;
                }
                if (ValidationIsDue && !Validate()) continue;
                if (Trainer.Steps >= plan.TotalSteps || State.IsOutOfPatience(Run.Patience)) return true;
                Step(reader);
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            // Neither must this be written over what the next worker writes.
            if (Held.Reason != StopReason.LeaseLost) journal.Copy();
        }
    }

    private void Step(BatchReader reader)
    {
        var step = (int)Trainer.Steps;
        Trainer.LearningRate = StepRule.LearningRate(step, plan.TotalSteps, Run.LearningRate);
        Dictionary<string, double> losses;
        try
        {
            losses = learner.Step(reader.Next(CancellationToken.None));
        }
        catch (NotFiniteNumberException)
        {
            throw Diverged(step + 1);
        }
        // From the end of the last step, so that a checkpoint counts too.
        pace.Stepped(Stopwatch.GetElapsedTime(clock).TotalSeconds);
        clock = Stopwatch.GetTimestamp();
        journal.Stepped(step + 1, losses, Trainer.LearningRate, plan.BatchSize / pace.SecondsPerStep);
        meters.Stepped(losses["total"], Trainer.LearningRate, plan.BatchSize / pace.SecondsPerStep);
        // At the end of a pass the checkpoint comes with what the validation gives.
        var checkpoint = (step + 1) % checkpointSteps == 0 || EpochJustDone > 0 && !ValidationIsDue;
        if (checkpoint)
        {
            // First: what a checkpoint has behind it is not done again, and would be missing from the curves.
            journal.Copy();
            checkpoints.Save(learner, State);
        }
        Held.Progress = Held.Progress with { Losses = losses, LearningRate = Trainer.LearningRate, Checkpointed = checkpoint || Held.Progress.Checkpointed };
        Report(RunPhase.Training);
    }

    private bool Validate()
    {
        var (began, epoch) = (Stopwatch.GetTimestamp(), EpochJustDone);
        Report(RunPhase.Validating);
        try
        {
            if (learner.Validate(ValidationSamples(), Held.Stop) is { } metrics)
            {
                State = State.After(epoch, metrics, learner.Score(metrics));
                if (State.BestEpoch == epoch) checkpoints.SaveBest(learner, epoch);
                journal.Validated((int)Trainer.Steps, metrics);
                meters.Validated(metrics);
            }
            else
            {
                State = State with { Epoch = epoch };
            }
        }
        catch (NotFiniteNumberException)
        {
            throw Diverged((int)Trainer.Steps);
        }
        catch (OperationCanceledException) when (Held.Stop.IsCancellationRequested)
        {
            return false;
        }
        checkpoints.Save(learner, State);
        pace.Validated(Stopwatch.GetElapsedTime(began).TotalSeconds);
        clock = Stopwatch.GetTimestamp();
        Held.Progress = Held.Progress with { Checkpointed = true };
        Report(RunPhase.Training);
        return true;
    }

    private IEnumerable<Sample> ValidationSamples()
    {
        // A clip's examples stand together and are given one list, whether or not the cache has room for it: what is encoded together must not depend on that.
        (string? Clip, IReadOnlyList<FrameRegions>? Frames) last = default;
        foreach (var example in input.Examples.Validation)
        {
            if (last.Clip != example.Clip.Id) last = (example.Clip.Id, regions.ReadAsync(example.Clip, Held.Stop).GetAwaiter().GetResult());
            if (last.Frames is { } frames) yield return new Sample(frames, input.Tokens[example.FirstText], example.Answer, Choice(example));
        }
    }

    private SentenceChoice? Choice(Example example) => example.Choices is [var choice, ..]
        ? new SentenceChoice([.. Enumerable.Range(choice.First, choice.Count).Select(i => input.Tokens[i])], choice.Answer)
        : null;

    private bool Validates(int epoch) => input.Examples.Validation.Count > 0 && (epoch % validationInterval == 0 || epoch == Run.Epochs);

    private void Report(string phase)
    {
        var step = (int)Trainer.Steps;
        var validations = Enumerable.Range(1, Run.Epochs).Count(e => e > State.Epoch && e * plan.StepsPerEpoch >= step && Validates(e));
        Held.Progress = Held.Progress with
        {
            Phase = phase, Step = step, TotalSteps = plan.TotalSteps, Epoch = step == 0 ? null : plan.EpochOf(step - 1) + 1,
            SamplesPerSecond = pace.SecondsPerStep > 0 ? plan.BatchSize / pace.SecondsPerStep : null,
            SecondsLeft = pace.SecondsPerStep > 0 ? pace.SecondsFor(plan.TotalSteps - step, validations) : Held.Progress.SecondsLeft,
            Metrics = State.Metrics, BestMetrics = State.BestMetrics, BestEpoch = State.BestEpoch > 0 ? State.BestEpoch : null,
            CpuSeconds = pace.CpuSeconds, WallSeconds = pace.WallSeconds,
        };
    }

    private static RunFailedException Diverged(int step) =>
        new("diverged", $"The loss was no number any more at step {step}; the last checkpoint before it is kept, if there was one: POST /api/v1/models with the id of the run makes a model of it. A smaller learning rate may help.");
}
