namespace DemoVlp.Training.Data;

/// <summary>A detector that is or was in use. The one loaded last is the detector of new clips.</summary>
public sealed class DetectorRow
{
    /// <summary>Its identity.</summary>
    public required string Sha256 { get; init; }

    /// <summary>When it was loaded last, UTC.</summary>
    public required DateTime LoadedAt { get; set; }
}
