using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Runs;
using TorchSharp;
using StepOptions = DemoVlp.Modeling.VideoLanguage.Training.TrainingOptions;

namespace DemoVlp.Training.Registry.Import;

/// <summary>A run that ended without a model.</summary>
/// <param name="Run">The run.</param>
/// <param name="BaseDirectory">Local folder of the model that it started from.</param>
internal sealed record KeptRun(RunRow Run, string BaseDirectory);

/// <summary>Makes a model of what a failed or cancelled run has kept: the weights of its best validation, or else of its last checkpoint.</summary>
internal sealed class KeptWeights(RunRequests runs, ModelRegistry registry, IArtifactStore artifacts)
{
    /// <summary>The run, if it has ended.</summary>
    /// <exception cref="ApiException">400 <c>unknown-run</c>, 409 <c>run-not-ended</c>, or 409 <c>no-checkpoint</c>.</exception>
    public async Task<KeptRun> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        var run = await runs.FindAsync(id, cancellationToken) ?? throw new ApiException(400, "unknown-run", "There is no training run of this id.");
        // Its checkpoint may be replaced at any moment.
        if (run.EndedAt is null) throw new ApiException(409, "run-not-ended", $"The run has not ended: it is {run.State}. Cancel it, or wait for its model.");
        var model = await registry.FindAsync(run.BaseModel ?? "", cancellationToken) ?? throw NoCheckpoint();
        return new KeptRun(run, artifacts.GetLocalDirectory(model.Directory));
    }

    /// <summary>Writes the model's directory. On one thread from beginning to end.</summary>
    /// <returns>Where its weights are from.</returns>
    /// <exception cref="ApiException">409 <c>no-checkpoint</c>.</exception>
    /// <exception cref="ModelFormatException">The files are damaged.</exception>
    public string Write(KeptRun kept, string directory)
    {
        var run = kept.Run;
        var checkpoints = new Checkpoints(artifacts, run.Id, directory);
        var state = checkpoints.Read() ?? throw NoCheckpoint();
        var model = StartingModel.Load(kept.BaseDirectory, run.Task, state.Answers ?? [], (ulong)run.Seed);
        using var learner = Learner.Create(run.Task, model, run.LossTerms, new StepOptions(), torch.CPU);
        checkpoints.Restore(learner);
        if (state.BestEpoch > 0) checkpoints.LoadBest(learner, state.BestEpoch);
        learner.Trainer.SaveModel(directory, learner.Model.Vocabulary, learner.Model.Answers);
        return $"training run {run.Id} ({run.FailureCode ?? run.State}), its weights after {(state.BestEpoch > 0 ? $"pass {state.BestEpoch}, of its best validation" : $"step {learner.Trainer.Steps}")}";
    }

    private static ApiException NoCheckpoint() =>
        new(409, "no-checkpoint", "The run has kept no weights: it ended before its first checkpoint, or completed, or newer runs have ended like it since.");
}
