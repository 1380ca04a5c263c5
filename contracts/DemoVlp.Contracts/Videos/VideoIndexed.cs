namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a video can be found and asked about. Published by QueryAnswering.</summary>
public sealed record VideoIndexed
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>The retrieval model that embedded it.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>When its vectors were written, UTC.</summary>
    public required DateTime IndexedAt { get; init; }

    /// <summary>Hash of the region file that the vectors were made from, if it is told.</summary>
    public string? RegionsSha256 { get; init; }
}
