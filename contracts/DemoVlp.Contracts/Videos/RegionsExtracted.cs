namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a video's region features are in the store, for good. Published by RegionExtraction.</summary>
public sealed record RegionsExtracted
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>The region file (safetensors).</summary>
    public required ArtifactRef Regions { get; init; }

    /// <summary>Regions in all frames together.</summary>
    public required int RegionCount { get; init; }

    /// <summary>Name of the detector that found them.</summary>
    public required string Detector { get; init; }

    /// <summary>Identity of that detector: SHA-256 over its weights, configuration and names, lower-case hex.</summary>
    public string? DetectorHash { get; init; }

    /// <summary>What was found where, in words: a <see cref="Http.VideoRegions"/> as JSON.</summary>
    public ArtifactRef? Listing { get; init; }

    /// <summary>The data set whose clip it is; null: an uploaded video. Services that keep uploaded videos take no notice of clips.</summary>
    public string? Dataset { get; init; }
}
