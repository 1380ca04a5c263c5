using DemoVlp.Artifacts;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>
/// A run's last state in the artifact store: one safetensors file with the weights, the optimiser's history, the step, the learning rate,
/// the seed and the model's configuration, which is replaced whole or not at all. There is no random state and no data position in it:
/// both follow from seed and step. The clips and captions are kept beside it while the run lasts (<see cref="RunClips"/>). Called on the training thread.
/// </summary>
internal sealed class Checkpoints(IArtifactStore artifacts, Guid runId, string workspace)
{
    private const string MediaType = "application/octet-stream";

    /// <summary>Writes the state, over the last one.</summary>
    public void Save(RetrievalTrainer trainer)
    {
        var file = Path.Combine(workspace, "checkpoint.safetensors");
        trainer.SaveState(file);
        artifacts.WriteAsync(RunArtifacts.Checkpoint(runId), MediaType, async (target, token) =>
        {
            await using var source = File.OpenRead(file);
            await source.CopyToAsync(target, token);
        }, CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Goes back to the last state, if there is one.</summary>
    public void Restore(RetrievalTrainer trainer)
    {
        if (artifacts.FindAsync(RunArtifacts.Checkpoint(runId), MediaType, CancellationToken.None).GetAwaiter().GetResult() is { } checkpoint)
            trainer.RestoreState(artifacts.GetLocalPath(checkpoint));
    }
}
