using DemoVlp.Contracts;

namespace DemoVlp.QueryAnswering.Data;

/// <summary>What this service knows of a video. Its messages come in any order, and the row stays as a tombstone when the video goes.</summary>
public sealed class VideoRow
{
    /// <summary>The video.</summary>
    public Guid Id { get; init; }

    /// <summary>Shown with hits; empty until it is told.</summary>
    public string Title { get; set; } = "";

    /// <summary>The title in small letters, for searching.</summary>
    public string TitleFolded { get; set; } = "";

    /// <summary>Of the title.</summary>
    public int Revision { get; set; } = -1;

    /// <summary>The region file; null until it is there, and again when the video is gone.</summary>
    public string? RegionsKey { get; set; }

    /// <summary>Its hash; vectors count only for the file that they were made from.</summary>
    public string? RegionsSha256 { get; set; }

    /// <summary>Its length.</summary>
    public long RegionsBytes { get; set; }

    /// <summary>Its media type.</summary>
    public string RegionsMediaType { get; set; } = "";

    /// <summary>Set on a tombstone: nothing brings the video back.</summary>
    public DateTime? DeletedAt { get; set; }

    /// <summary>The region file, if it is there.</summary>
    public ArtifactRef? Regions => RegionsKey is null ? null : new ArtifactRef(RegionsKey, RegionsSha256!, RegionsBytes, RegionsMediaType);
}
