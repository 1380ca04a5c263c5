using DemoVlp.Artifacts;

namespace DemoVlp.Training.Runs;

/// <summary>Where a run keeps its files in the artifact store.</summary>
internal static class RunArtifacts
{
    /// <summary>The clips it learns from, settled when it was first taken.</summary>
    public static string Clips(Guid runId) => $"runs/{runId:n}/clips.json";

    /// <summary>Their captions or questions, one a line.</summary>
    public static string Captions(Guid runId) => $"runs/{runId:n}/captions.txt";

    /// <summary>Folder of its last checkpoint and its best weights.</summary>
    public static string Checkpoints(Guid runId) => $"runs/{runId:n}/checkpoints";

    /// <summary>Its last checkpoint.</summary>
    public static string Checkpoint(Guid runId) => $"{Checkpoints(runId)}/last.safetensors";

    /// <summary>Its weights after a pass whose validation was the best so far.</summary>
    public static string Best(Guid runId, int epoch) => $"{Checkpoints(runId)}/best-{epoch}.safetensors";

    /// <summary>Folder of its TensorBoard event files, one for each attempt; they stay.</summary>
    public static string TensorBoard(Guid runId) => $"runs/{runId:n}/tensorboard";

    /// <summary>One of them.</summary>
    public static string Events(Guid runId, string name) => $"{TensorBoard(runId)}/{name}";

    /// <summary>The history of its losses; it stays.</summary>
    public static string History(Guid runId) => $"runs/{runId:n}/history.json";

    /// <summary>Folder of its captions as word pieces, which TextTokenization writes.</summary>
    public static string Corpus(Guid runId) => $"corpora/{runId:n}";

    /// <summary>Removes the captions that a run has learnt from, in every form: once it has ended they are of no use, and their videos may be deleted.</summary>
    public static void DeleteCaptions(IArtifactStore artifacts, Guid runId)
    {
        artifacts.Delete(Clips(runId));
        artifacts.Delete(Captions(runId));
        artifacts.Delete(Corpus(runId));
    }
}
