using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;

namespace DemoVlp.Catalog.Videos;

/// <summary>A row as clients see it, and as the messages that it can be rebuilt into.</summary>
internal static class VideoMapping
{
    public static Video ToVideo(this VideoRow row) => new()
    {
        Id = row.Id,
        Title = row.Title,
        Status = row.Status,
        Failure = row.FailureCode is { } code ? new VideoFailure(code, row.FailureDetail ?? "") : null,
        Sha256 = row.Sha256,
        Bytes = row.Bytes,
        DurationSeconds = row.DurationSeconds,
        Width = row.Width,
        Height = row.Height,
        Captions = row.Captions,
        Frames = [.. (row.Frames ?? []).Select(frame => new VideoFrame(frame.Index, frame.TimestampSeconds, VideoLinks.Frame(row.Id, frame.Index)))],
        RegionCount = row.RegionCount,
        Detector = row.Detector,
        ModelVersion = row.ModelVersion,
        CreatedAt = row.CreatedAt,
        IndexedAt = row.IndexedAt,
    };

    public static VideoDescribed ToDescribed(this VideoRow row) => new() { VideoId = row.Id, Revision = row.Revision, Title = row.Title, Captions = row.Captions };

    public static VideoDeleted ToDeleted(this VideoRow row) => new() { VideoId = row.Id, DeletedAt = row.DeletedAt!.Value };

    /// <summary>
    /// The event behind which a video goes on: that of the first thing not known of it. What was done already is found again by the
    /// services and only announced, so that the rest follows. Null: nothing is missing.
    /// </summary>
    public static object? ToNextEvent(this VideoRow row) => row switch
    {
        { Frames: null } => new VideoUploaded { VideoId = row.Id, Source = row.Source, UploadedAt = row.CreatedAt },
        { Regions: null } => new FramesSampled
        {
            VideoId = row.Id, DurationSeconds = row.DurationSeconds, Width = row.Width ?? 0, Height = row.Height ?? 0, Frames = row.Frames,
        },
        { Status: not VideoStatus.Indexed } => row.ToRegionsExtracted(),
        _ => null,
    };

    /// <summary>Null until there are regions.</summary>
    public static RegionsExtracted? ToRegionsExtracted(this VideoRow row) => row.Regions is not { } regions ? null : new RegionsExtracted
    {
        VideoId = row.Id, Regions = regions, RegionCount = row.RegionCount ?? 0, Detector = row.Detector ?? "",
    };
}
