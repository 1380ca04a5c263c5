namespace DemoVlp.Artifacts;

/// <summary>Where each service keeps what it owns of a video. Deterministic, so that work already done is found again.</summary>
public static class VideoArtifacts
{
    /// <summary>The uploaded file (Catalog).</summary>
    public static string Source(Guid videoId) => $"videos/{videoId:n}/source";

    /// <summary>Everything FrameSampling owns of a video.</summary>
    public static string Frames(Guid videoId) => $"videos/{videoId:n}/frames";

    /// <summary>Everything RegionExtraction owns of a video.</summary>
    public static string Regions(Guid videoId) => $"videos/{videoId:n}/regions";

    /// <summary>A model's directory (Training).</summary>
    public static string Model(string modelVersion) => $"models/{modelVersion}";
}
