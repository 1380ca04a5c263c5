namespace DemoVlp.Contracts.Videos;

/// <summary>Event: some of a video's frames have their regions, and the extraction goes on. Published by RegionExtraction.</summary>
public sealed record RegionsProgressed
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>Frames whose regions are kept.</summary>
    public required int FramesDone { get; init; }

    /// <summary>Frames of the video.</summary>
    public required int FramesTotal { get; init; }

    /// <summary>Identity of the detector at work.</summary>
    public required string DetectorHash { get; init; }

    /// <summary>The data set whose clip it is; null: an uploaded video. Services that keep uploaded videos take no notice of clips.</summary>
    public string? Dataset { get; init; }
}
