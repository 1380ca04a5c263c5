namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a video cannot be processed, and trying again will not help. Published by the service whose step failed.</summary>
public sealed record VideoProcessingFailed
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>One of <see cref="FailureCodes"/>.</summary>
    public required string Code { get; init; }

    /// <summary>One plain sentence for the person who uploaded it.</summary>
    public required string Detail { get; init; }

    /// <summary>The data set whose clip it is; null: an uploaded video. Services that keep uploaded videos take no notice of clips.</summary>
    public string? Dataset { get; init; }
}
