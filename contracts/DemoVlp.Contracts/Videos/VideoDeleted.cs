namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a video is gone. Every service removes what it owns of it; late messages about it are ignored. Published by Catalog, possibly several times; by Training for the clips of generated data sets.</summary>
public sealed record VideoDeleted
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>When it was deleted, UTC.</summary>
    public required DateTime DeletedAt { get; init; }

    /// <summary>The data set whose clip it is; null: an uploaded video. Services that keep uploaded videos take no notice of clips.</summary>
    public string? Dataset { get; init; }
}
