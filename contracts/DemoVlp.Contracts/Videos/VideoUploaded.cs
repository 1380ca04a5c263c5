namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a video's bytes are in the store. Published by Catalog, and again while the video waits to be sampled; by Training for the clips of generated data sets.</summary>
public sealed record VideoUploaded
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>The uploaded file.</summary>
    public required ArtifactRef Source { get; init; }

    /// <summary>When Catalog accepted the upload, UTC.</summary>
    public required DateTime UploadedAt { get; init; }

    /// <summary>The data set whose clip it is; null: an uploaded video. Services that keep uploaded videos take no notice of clips.</summary>
    public string? Dataset { get; init; }
}
