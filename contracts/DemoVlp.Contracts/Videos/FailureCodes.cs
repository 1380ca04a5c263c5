namespace DemoVlp.Contracts.Videos;

/// <summary>Why a video could not be indexed. Stable: clients compare these.</summary>
public static class FailureCodes
{
    /// <summary>The bytes are no video or picture sequence that could be recognised.</summary>
    public const string NotAVideo = "not-a-video";

    /// <summary>A container or codec that is not accepted.</summary>
    public const string UnsupportedFormat = "unsupported-format";

    /// <summary>A media file without pictures, for example audio alone.</summary>
    public const string NoVideoStream = "no-video-stream";

    /// <summary>There is a video stream, but not one frame of it could be decoded.</summary>
    public const string NoFrames = "no-frames";

    /// <summary>The picture has more pixels than allowed.</summary>
    public const string TooManyPixels = "too-many-pixels";

    /// <summary>The video lasts longer than allowed.</summary>
    public const string TooLong = "too-long";

    /// <summary>Decoding failed.</summary>
    public const string DecodeFailed = "decode-failed";

    /// <summary>Decoding took longer than allowed.</summary>
    public const string DecodeTimeout = "decode-timeout";

    /// <summary>The detector could not process a frame.</summary>
    public const string ExtractionFailed = "extraction-failed";

    /// <summary>The model could not embed the regions.</summary>
    public const string EmbeddingFailed = "embedding-failed";

    /// <summary>A fault of the system, not of the video. Worth a retry.</summary>
    public const string Internal = "internal";
}
