namespace DemoVlp.Contracts.Http;

/// <summary>A video as clients see it.</summary>
public sealed record Video
{
    /// <summary>The video's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The title given, or the name of the uploaded file.</summary>
    public required string Title { get; init; }

    /// <summary>One of <see cref="VideoStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Why it failed; null unless <see cref="Status"/> is <c>failed</c>.</summary>
    public VideoFailure? Failure { get; init; }

    /// <summary>SHA-256 of the uploaded bytes, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Length of the upload.</summary>
    public required long Bytes { get; init; }

    /// <summary>Length in seconds, once sampled and where it can be told.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary>Width of the upright picture in pixels, once sampled.</summary>
    public int? Width { get; init; }

    /// <summary>Height of the upright picture in pixels, once sampled.</summary>
    public int? Height { get; init; }

    /// <summary>Captions given by people.</summary>
    public required IReadOnlyList<string> Captions { get; init; }

    /// <summary>The sampled frames, once sampled.</summary>
    public required IReadOnlyList<VideoFrame> Frames { get; init; }

    /// <summary>Regions in all frames together, once extracted.</summary>
    public int? RegionCount { get; init; }

    /// <summary>The detector that found the regions, once extracted.</summary>
    public string? Detector { get; init; }

    /// <summary>Identity of that detector: SHA-256 over its weights, configuration and names, lower-case hexadecimal.</summary>
    public string? DetectorHash { get; init; }

    /// <summary>How far the extraction of its regions is; null unless it is under way.</summary>
    public ExtractionProgress? Progress { get; init; }

    /// <summary>Its regions are being replaced by those of another detector, while the old ones still serve; null otherwise.</summary>
    public RegionRenewal? Renewal { get; init; }

    /// <summary>The retrieval model that embedded it, once indexed.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>When it was uploaded, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When it was indexed, UTC.</summary>
    public DateTime? IndexedAt { get; init; }
}

/// <summary>The stages of a video.</summary>
public static class VideoStatus
{
    /// <summary>Accepted and stored.</summary>
    public const string Uploaded = "uploaded";

    /// <summary>Announced; its frames are being sampled or wait for it.</summary>
    public const string Sampling = "sampling";

    /// <summary>Frames are there; regions are being extracted or wait for it.</summary>
    public const string Extracting = "extracting";

    /// <summary>Regions are there; vectors are being made or wait for it.</summary>
    public const string Embedding = "embedding";

    /// <summary>Can be found and asked about.</summary>
    public const string Indexed = "indexed";

    /// <summary>Cannot be indexed; the failure says why.</summary>
    public const string Failed = "failed";
}

/// <summary>Why a video failed.</summary>
/// <param name="Code">One of <see cref="DemoVlp.Contracts.Videos.FailureCodes"/>.</param>
/// <param name="Detail">One plain sentence.</param>
public sealed record VideoFailure(string Code, string Detail);

/// <summary>How far an extraction is.</summary>
/// <param name="FramesExtracted">Frames whose regions are kept.</param>
/// <param name="FramesTotal">Frames of the video.</param>
public sealed record ExtractionProgress(int FramesExtracted, int FramesTotal);

/// <summary>A re-extraction of one video.</summary>
/// <param name="State">One of <see cref="RenewalState"/>.</param>
/// <param name="Failure">Why the old regions stay; null unless <paramref name="State"/> is <c>failed</c>.</param>
public sealed record RegionRenewal(string State, VideoFailure? Failure);

/// <summary>The stages of a re-extraction.</summary>
public static class RenewalState
{
    /// <summary>Waits for its turn, or its regions are being extracted.</summary>
    public const string Extracting = "extracting";

    /// <summary>The new regions are there; their vectors are being made.</summary>
    public const string Embedding = "embedding";

    /// <summary>The new detector could not process it: the old regions stay.</summary>
    public const string Failed = "failed";
}

/// <summary>Replacing the regions that another detector made.</summary>
/// <param name="Detector">Name of the detector in use.</param>
/// <param name="DetectorHash">Its identity.</param>
/// <param name="Videos">Videos whose regions another detector made, those under way included.</param>
/// <param name="Queued">How many this command set going; 0 where it is only asked.</param>
/// <param name="UnderWay">Videos whose new regions are being extracted or embedded, or wait for it.</param>
/// <param name="Failed">Videos that keep their old regions because new ones could not be made; the command tries them again.</param>
public sealed record ReExtraction(string Detector, string DetectorHash, int Videos, int Queued, int UnderWay, int Failed);

/// <summary>A sampled frame.</summary>
/// <param name="Index">Position among the sampled frames, from 0.</param>
/// <param name="TimestampSeconds">Seconds from the start of the video.</param>
/// <param name="Url">Where the JPEG is, relative to the gateway.</param>
public sealed record VideoFrame(int Index, double TimestampSeconds, string Url);

/// <summary>Body of <c>PUT /videos/{id}/captions</c>.</summary>
/// <param name="Captions">The captions that replace the old ones.</param>
public sealed record CaptionsUpdate(IReadOnlyList<string> Captions);

/// <summary>The regions of a video's frames.</summary>
/// <param name="Detector">The detector that found them.</param>
/// <param name="DetectorHash">Its identity: SHA-256 over its weights, configuration and names.</param>
/// <param name="Frames">The frames in ascending time.</param>
public sealed record VideoRegions(string Detector, string? DetectorHash, IReadOnlyList<FrameRegionList> Frames);

/// <summary>The regions of one frame.</summary>
/// <param name="Index">Frame index.</param>
/// <param name="TimestampSeconds">Seconds from the start of the video.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Regions">In the order of the region file.</param>
public sealed record FrameRegionList(int Index, double TimestampSeconds, int Width, int Height, IReadOnlyList<Region> Regions);

/// <summary>One region.</summary>
/// <param name="Box">[x1, y1, x2, y2] in pixels of the sampled frame.</param>
/// <param name="Label">Class name.</param>
/// <param name="Attribute">Attribute name.</param>
/// <param name="Confidence">Class probability.</param>
public sealed record Region(IReadOnlyList<float> Box, string Label, string Attribute, float Confidence);
