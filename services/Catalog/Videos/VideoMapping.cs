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
        Failure = row.Status == VideoStatus.Failed ? row.ToFailure() : null,
        Sha256 = row.Sha256,
        Bytes = row.Bytes,
        DurationSeconds = row.DurationSeconds,
        Width = row.Width,
        Height = row.Height,
        Captions = row.Captions,
        Frames = [.. (row.Frames ?? []).Select(frame => new VideoFrame(frame.Index, frame.TimestampSeconds, VideoLinks.Frame(row.Id, frame.Index)))],
        RegionCount = row.RegionCount,
        Detector = row.Detector,
        DetectorHash = row.DetectorHash,
        Progress = row.Status == VideoStatus.Extracting || row.Renewal == RenewalState.Extracting ? new ExtractionProgress(row.FramesExtracted ?? 0, row.Frames?.Count ?? 0) : null,
        Renewal = row.Renewal is { } state ? new RegionRenewal(state, state == RenewalState.Failed ? row.ToFailure() : null) : null,
        ModelVersion = row.ModelVersion,
        CreatedAt = row.CreatedAt,
        IndexedAt = row.IndexedAt,
    };

    /// <summary>Asks for the frames.</summary>
    public static VideoUploaded ToUploaded(this VideoRow row) => new() { VideoId = row.Id, Source = row.Source, UploadedAt = row.CreatedAt };

    public static VideoDescribed ToDescribed(this VideoRow row) => new() { VideoId = row.Id, Revision = row.Revision, Title = row.Title, Captions = row.Captions };

    public static VideoDeleted ToDeleted(this VideoRow row) => new() { VideoId = row.Id, DeletedAt = row.DeletedAt!.Value };

    /// <summary>
    /// The event behind which a video goes on: that of the first thing not known of it. What was done already is found again by the
    /// services and only announced, so that the rest follows. Null: nothing is missing.
    /// </summary>
    public static object? ToNextEvent(this VideoRow row) => row switch
    {
        { Frames: null } => row.ToUploaded(),
        { Regions: null } or { Renewal: RenewalState.Extracting } => new FramesSampled
        {
            VideoId = row.Id, DurationSeconds = row.DurationSeconds, Width = row.Width ?? 0, Height = row.Height ?? 0, Frames = row.Frames,
        },
        { Status: not VideoStatus.Indexed } or { Renewal: RenewalState.Embedding } => row.ToRegionsExtracted(),
        _ => null,
    };

    /// <summary>Null until there are regions.</summary>
    public static RegionsExtracted? ToRegionsExtracted(this VideoRow row) => row.Regions is not { } regions ? null : new RegionsExtracted
    {
        VideoId = row.Id, Regions = regions, RegionCount = row.RegionCount ?? 0, Detector = row.Detector ?? "", DetectorHash = row.DetectorHash, Listing = row.Listing,
    };

    private static VideoFailure? ToFailure(this VideoRow row) => row.FailureCode is { } code ? new VideoFailure(code, row.FailureDetail ?? "") : null;
}
