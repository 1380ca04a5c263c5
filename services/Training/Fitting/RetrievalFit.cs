using System.Diagnostics;
using System.Diagnostics.Metrics;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Runs;
using StepOptions = DemoVlp.Modeling.VideoLanguage.Training.TrainingOptions;

namespace DemoVlp.Training.Fitting;

/// <summary>What a fit works on.</summary>
/// <param name="Held">The run.</param>
/// <param name="BaseDirectory">Local folder of the model it starts from.</param>
/// <param name="Clips">Its clips.</param>
/// <param name="Tokens">Their captions, clip after clip.</param>
internal sealed record FitInput(HeldRun Held, string BaseDirectory, IReadOnlyList<Clip> Clips, CorpusTokens Tokens);

/// <summary>The optimiser steps of a retrieval run, on a thread of their own from the first tensor to the last.</summary>
internal sealed partial class RetrievalFit(IArtifactStore artifacts, ClipRegionsReader regions, Microsoft.Extensions.Options.IOptions<TrainingOptions> options, ComputeSettings compute, ILogger<RetrievalFit> log)
{
    private const double WeightDecay = 0.01, MaximumGradientNorm = 1;
    private const int LongestWarmup = 100;

    private static readonly Counter<long> Steps = Telemetry.Meter.CreateCounter<long>("demovlp.training.steps", "{step}", "Optimiser steps taken.");
    private static readonly Gauge<double> Speed = Telemetry.Meter.CreateGauge<double>("demovlp.training.samples_per_second", "{sample}/s", "Pairs of video and caption learnt from per second.");

    /// <summary>Steps until the run is through or has to stop.</summary>
    /// <returns>A temporary folder with the trained model, the caller's to delete; null if the run had to stop first.</returns>
    /// <exception cref="RunFailedException"><c>diverged</c> (the last checkpoint is kept), <c>not-enough-memory</c> or <c>dataset-too-small</c>.</exception>
    public Task<string?> RunAsync(FitInput input)
    {
        var result = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                result.SetResult(Run(input));
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        })
        { IsBackground = true, Name = "training" }.Start();
        return result.Task;
    }

    private string? Run(FitInput input)
    {
        var (held, run) = (input.Held, input.Held.Run);
        var plan = new BatchPlan(input.Clips.Count, run.BatchSize, run.Epochs, run.Seed);
        var workspace = Directory.CreateTempSubdirectory("demovlp-training-").FullName;
        var keep = false;
        try
        {
            using var loaded = ModelDirectory.Load(input.BaseDirectory);
            StepMemory.Check(loaded.Config, plan.BatchSize, input.Tokens.Longest);
            using var trainer = new RetrievalTrainer(loaded.Network, loaded.Config, new StepOptions
            {
                LearningRate = run.LearningRate, Rule = AdamWRule.Torch, WeightDecay = WeightDecay, MaxGradientNorm = MaximumGradientNorm, Seed = (ulong)run.Seed,
                Precision = compute.Precision,
            }, compute.Device);
            var checkpoints = new Checkpoints(artifacts, run.Id, workspace);
            checkpoints.Restore(trainer);
            if (trainer.Steps > 0) LogResumed(run.Id, trainer.Steps);
            var reader = new BatchReader(input.Clips, input.Tokens, plan, new RegionCache(regions, options.Value.CacheMegabytes * (1L << 20), log), (int)trainer.Steps);
            try
            {
                if (!StepThrough(trainer, reader, plan, checkpoints, held)) return null;
            }
            finally
            {
                reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
            held.Progress = held.Progress with { Phase = RunPhase.Saving, SecondsLeft = null };
            trainer.SaveModel(ModelIn(workspace), loaded.Vocabulary);
            keep = true;
            return workspace;
        }
        finally
        {
            if (!keep) Directory.Delete(workspace, recursive: true);
        }
    }

    /// <summary>Where in the folder of <see cref="RunAsync"/> the model is.</summary>
    public static string ModelIn(string workspace) => Path.Combine(workspace, "model");

    private bool StepThrough(RetrievalTrainer trainer, BatchReader reader, BatchPlan plan, Checkpoints checkpoints, HeldRun held)
    {
        var warmup = Math.Min(LongestWarmup, plan.TotalSteps / 10);
        var secondsPerStep = 0.0;
        held.Progress = held.Progress with { Phase = RunPhase.Training, Step = (int)trainer.Steps, TotalSteps = plan.TotalSteps };
        while (trainer.Steps < plan.TotalSteps)
        {
            if (held.Stop.IsCancellationRequested)
            {
                // Who has lost the run must not write over what the next worker does.
                if (held.Reason != StopReason.LeaseLost && trainer.Steps > 0) checkpoints.Save(trainer);
                return false;
            }
            var clock = Stopwatch.GetTimestamp();
            var step = (int)trainer.Steps;
            trainer.LearningRate = LearningRateSchedule.WarmupLinear(step, plan.TotalSteps, warmup, held.Run.LearningRate);
            var result = Step(trainer, reader);
            var checkpoint = trainer.Steps % options.Value.CheckpointSteps == 0 || trainer.Steps % plan.StepsPerEpoch == 0;
            if (checkpoint) checkpoints.Save(trainer);

            var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            secondsPerStep = secondsPerStep == 0 ? seconds : 0.9 * secondsPerStep + 0.1 * seconds;
            Steps.Add(1);
            Speed.Record(plan.BatchSize / secondsPerStep);
            held.Progress = held.Progress with
            {
                Step = step + 1, Epoch = plan.EpochOf(step) + 1, LearningRate = trainer.LearningRate,
                Losses = new() { ["total"] = result.Loss, ["global"] = result.GlobalLoss, ["local"] = result.LocalLoss },
                SamplesPerSecond = plan.BatchSize / secondsPerStep, SecondsLeft = (plan.TotalSteps - step - 1) * secondsPerStep,
                Checkpointed = checkpoint || held.Progress.Checkpointed,
            };
        }
        return true;
    }

    private static StepResult Step(RetrievalTrainer trainer, BatchReader reader)
    {
        try
        {
            return trainer.Step(reader.Next(CancellationToken.None));
        }
        catch (NotFiniteNumberException)
        {
            throw new RunFailedException("diverged", $"The loss was no number any more at step {trainer.Steps + 1}; the last checkpoint before it is kept. A smaller learning rate may help.");
        }
    }

    [LoggerMessage(LogLevel.Information, "Training run {RunId} goes on after step {Step}.")]
    private partial void LogResumed(Guid runId, long step);
}
