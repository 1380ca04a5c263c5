using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Runs;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Fitting;

/// <summary>What a fit works on.</summary>
/// <param name="Held">The run.</param>
/// <param name="BaseDirectory">Local folder of the model it starts from.</param>
/// <param name="Examples">What it learns from.</param>
/// <param name="Tokens">Word pieces of its texts.</param>
internal sealed record FitInput(HeldRun Held, string BaseDirectory, Examples Examples, CorpusTokens Tokens);

/// <summary>What a fit has brought about.</summary>
/// <param name="Workspace">A temporary folder with the trained model, the receiver's to delete.</param>
/// <param name="Epochs">Passes done: fewer than asked for if it ran out of patience.</param>
/// <param name="State">Its validations.</param>
internal sealed record FitResult(string Workspace, int Epochs, FitState State)
{
    /// <summary>Where the model is.</summary>
    public string Model => Path.Combine(Workspace, "model");
}

/// <summary>The optimiser steps of a run, on a thread of their own.</summary>
internal sealed partial class Fit(IArtifactStore artifacts, ClipRegionsReader regions, IOptions<TrainingOptions> options, ComputeSettings compute, TimeProvider time, ILogger<Fit> log)
{
    /// <summary>Steps until the run is through or has to stop.</summary>
    /// <returns>What came of it; null if the run had to stop first.</returns>
    /// <exception cref="RunFailedException"><c>diverged</c> (the last checkpoint is kept), <c>not-enough-memory</c> or <c>dataset-too-small</c>.</exception>
    public Task<FitResult?> RunAsync(FitInput input)
    {
        var result = new TaskCompletionSource<FitResult?>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                // Said again: the bits of a run depend on it, and what a thread begins with may just have been that of a replica.
                TorchSharp.torch.set_num_threads(compute.Threads);
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

    private FitResult? Run(FitInput input)
    {
        var (held, run) = (input.Held, input.Held.Run);
        var plan = new BatchPlan(input.Examples.TrainClips, run.BatchSize, run.Epochs, run.Seed);
        var workspace = Directory.CreateTempSubdirectory("demovlp-training-").FullName;
        var keep = false;
        try
        {
            var model = StartingModel.Load(input.BaseDirectory, run.Task, input.Examples.Answers(), (ulong)run.Seed);
            StepMemory.Check(model.Config, plan.BatchSize, input.Examples.SampleSize(input.Tokens.Longest, plan.BatchSize));
            using var learner = Learner.Create(run.Task, model, run.LossTerms, StepRule.Options(run, model.Config, compute), compute.Device);
            var checkpoints = new Checkpoints(artifacts, run.Id, workspace);
            var state = checkpoints.Restore(learner);
            if (learner.Trainer.Steps > 0) LogResumed(run.Id, learner.Trainer.Steps);
            NoteOtherThreads(held, state, learner.Trainer.Steps);
            state = state with { Threads = compute.Threads, Answers = model.Answers };
            var cache = new RegionCache(regions, options.Value.CacheBytes, log);
            using var journal = new Journal(artifacts, run.Id, workspace, time, (int)learner.Trainer.Steps, state.Epoch * plan.StepsPerEpoch, plan.TotalSteps);
            var steps = new FitSteps(input, learner, plan, checkpoints, cache, journal, options.Value.CheckpointSteps, state);
            if (!steps.Go()) return null;
            held.Progress = held.Progress with { Phase = RunPhase.Saving, SecondsLeft = null };
            var epochs = (int)learner.Trainer.Steps / plan.StepsPerEpoch;
            if (steps.State.BestEpoch > 0 && steps.State.BestEpoch < epochs) checkpoints.LoadBest(learner, steps.State.BestEpoch);
            var result = new FitResult(workspace, epochs, steps.State);
            learner.Trainer.SaveModel(result.Model, model.Vocabulary, model.Answers);
            keep = true;
            return result;
        }
        finally
        {
            if (!keep) Directory.Delete(workspace, recursive: true);
        }
    }

    // Sums of floats depend on how they are divided among threads, so that the run will not end with the bits of one that was never interrupted.
    private void NoteOtherThreads(HeldRun held, FitState state, long step)
    {
        if (state.Threads is not { } before || before == compute.Threads || compute.Device.type != TorchSharp.DeviceType.CPU) return;
        LogOtherThreads(held.Run.Id, step, compute.Threads, before);
        held.NoteAsync($"Resumed after step {step} on {compute.Threads} threads, before on {before}. It does not end bit for bit as if it had not been interrupted.").GetAwaiter().GetResult();
    }

    [LoggerMessage(LogLevel.Warning, "Training run {RunId} goes on after step {Step} with {Threads} threads, and its checkpoint was made with {Before}: it does not end bit for bit as if it had not been interrupted.")]
    private partial void LogOtherThreads(Guid runId, long step, int threads, int before);

    [LoggerMessage(LogLevel.Information, "Training run {RunId} goes on after step {Step}.")]
    private partial void LogResumed(Guid runId, long step);
}
