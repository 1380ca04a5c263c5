namespace DemoVlp.Contracts.Videos;

/// <summary>Event: a detector is in use. Published by RegionExtraction at its start, whenever the detector is replaced, and from time to time.</summary>
public sealed record DetectorLoaded
{
    /// <summary>The detector's name.</summary>
    public required string Name { get; init; }

    /// <summary>Identity of its weights, configuration and names, lower-case hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>When it was loaded, UTC. Of two the later one is the detector of new videos.</summary>
    public required DateTime LoadedAt { get; init; }
}
