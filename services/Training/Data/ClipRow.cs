using DemoVlp.Contracts;

namespace DemoVlp.Training.Data;

/// <summary>What training knows of an uploaded video: Training's own picture of Catalog's events.</summary>
public sealed class ClipRow
{
    public Guid VideoId { get; init; }

    /// <summary>Revision of the description that the captions come from; -1: none has arrived.</summary>
    public int Revision { get; set; } = -1;

    public List<string> Captions { get; set; } = [];

    /// <summary>Length of <see cref="Captions"/>, for the database to count with.</summary>
    public int CaptionCount { get; set; }

    /// <summary>The region file; null: not extracted yet.</summary>
    public ArtifactRef? Regions { get; set; }

    /// <summary>A tombstone: nothing that arrives later brings the clip back.</summary>
    public bool Deleted { get; set; }
}
