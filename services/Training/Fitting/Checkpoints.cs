using DemoVlp.Artifacts;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>
/// A run's last state in the artifact store: one safetensors file with the weights, the optimiser's history, the step, the learning rate,
/// the seed, the model's configuration and what its validations gave, which is replaced whole or not at all. There is no random state and no data
/// position in it: both follow from seed and step. The clips and texts are kept beside it while the run lasts (<see cref="RunDataSets"/>). The weights
/// of the best validation are a file of their own, named by its pass; older ones go when a state that knows the new one is safe. Called on the training thread.
/// </summary>
internal sealed class Checkpoints(IArtifactStore artifacts, Guid runId, string workspace)
{
    private const string MediaType = "application/octet-stream";

    /// <summary>Writes the state, over the last one.</summary>
    public void Save(Learner learner, FitState state)
    {
        learner.Trainer.Note = state.ToNote();
        Write(RunArtifacts.Checkpoint(runId), learner.Trainer.SaveState);
        var kept = new[] { RunArtifacts.Checkpoint(runId), RunArtifacts.Best(runId, state.BestEpoch) };
        foreach (var old in artifacts.List(RunArtifacts.Checkpoints(runId)).Where(k => !kept.Contains(k)).ToList()) artifacts.Delete(old);
    }

    /// <summary>What the last state says besides weights and history; null: there is no state.</summary>
    public FitState? Read() => Find(RunArtifacts.Checkpoint(runId)) is { } checkpoint
        ? FitState.FromNote(Safetensors.ReadMetadata(checkpoint).GetValueOrDefault(IModelTrainer.NoteKey, ""))
        : null;

    /// <summary>Goes back to the last state, if there is one.</summary>
    public FitState Restore(Learner learner)
    {
        if (Find(RunArtifacts.Checkpoint(runId)) is not { } checkpoint) return new FitState();
        learner.Trainer.RestoreState(checkpoint);
        return FitState.FromNote(learner.Trainer.Note);
    }

    /// <summary>Keeps the weights as they are now.</summary>
    public void SaveBest(Learner learner, int epoch) => Write(RunArtifacts.Best(runId, epoch), file => Safetensors.Save(file, ModelWeights.Of(learner.Model.Network)));

    /// <summary>Goes back to the weights of a pass.</summary>
    /// <exception cref="ArtifactMissingException">They are gone.</exception>
    public void LoadBest(Learner learner, int epoch) =>
        ModelWeights.LoadFile(learner.Model.Network, Find(RunArtifacts.Best(runId, epoch)) ?? throw new ArtifactMissingException(RunArtifacts.Best(runId, epoch)));

    private void Write(string key, Action<string> save)
    {
        var file = Path.Combine(workspace, "checkpoint.safetensors");
        save(file);
        artifacts.WriteAsync(key, MediaType, async (target, token) =>
        {
            await using var source = File.OpenRead(file);
            await source.CopyToAsync(target, token);
        }, CancellationToken.None).GetAwaiter().GetResult();
    }

    private string? Find(string key) =>
        artifacts.FindAsync(key, MediaType, CancellationToken.None).GetAwaiter().GetResult() is { } file ? artifacts.GetLocalPath(file) : null;
}
