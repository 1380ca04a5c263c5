namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a video is gone. Every service removes what it owns of it; late messages about it are ignored. Published by Catalog, possibly several times.</summary>
public sealed record VideoDeleted
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>When it was deleted, UTC.</summary>
    public required DateTime DeletedAt { get; init; }
}
