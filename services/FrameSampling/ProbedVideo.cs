namespace DemoVlp.FrameSampling;

/// <summary>What ffprobe tells of a video that is accepted. Claims of the file, not facts.</summary>
/// <param name="Stream">Index of the stream with the pictures.</param>
/// <param name="Width">Stored width in pixels; 0 if not known before decoding.</param>
/// <param name="Height">Stored height in pixels; 0 if not known before decoding.</param>
/// <param name="StartSeconds">Time stamp of the container's beginning.</param>
/// <param name="DurationSeconds">Length, if told.</param>
/// <param name="Frames">Number of frames, if told.</param>
/// <param name="Seeking">Whether frames can be reached without decoding all before them.</param>
internal sealed record ProbedVideo(int Stream, int Width, int Height, double StartSeconds, double? DurationSeconds, long? Frames, Seeking Seeking);

/// <summary>How a container seeks.</summary>
internal enum Seeking
{
    /// <summary>To the key frame before a time.</summary>
    Exact,

    /// <summary>To some place near a time, from where decoding starts only at the next key frame.</summary>
    Rough,

    /// <summary>Not at all.</summary>
    Never,
}

/// <summary>Time stamps of a stream's packets, read without decoding.</summary>
/// <param name="Seconds">Ascending; as the container has them, so not from 0.</param>
/// <param name="Distinct">How many different ones there are.</param>
internal sealed record PacketTimes(IReadOnlyList<double> Seconds, int Distinct);
