namespace DemoVlp.Training.Runs;

/// <summary>Where a run keeps its files in the artifact store.</summary>
internal static class RunArtifacts
{
    /// <summary>The clips it learns from, settled when it was first taken.</summary>
    public static string Clips(Guid runId) => $"runs/{runId:n}/clips.json";

    /// <summary>Their captions, one a line.</summary>
    public static string Captions(Guid runId) => $"runs/{runId:n}/captions.txt";

    /// <summary>Its last checkpoint.</summary>
    public static string Checkpoint(Guid runId) => $"runs/{runId:n}/checkpoint.safetensors";
}
