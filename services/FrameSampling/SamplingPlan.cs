namespace DemoVlp.FrameSampling;

/// <summary>Which frames to take and how to reach them.</summary>
internal abstract record SamplingPlan(int Count)
{
    // Decoding this much takes a few seconds; F seeks, each from the key frame before, would decode about as much.
    private const long WholeFrames = 3000, WholePixels = 1_000_000_000;

    /// <summary>Decode from the beginning and keep the first frame at or after each time stamp.</summary>
    public sealed record Times(IReadOnlyList<double> Seconds) : SamplingPlan(Seconds.Count);

    /// <summary>Decode from the beginning and keep frames by their position: for streams without usable time stamps.</summary>
    public sealed record Positions(IReadOnlyList<long> Indexes) : SamplingPlan(Indexes.Count);

    /// <summary>Seek to each time stamp and keep the first frame at or after it.</summary>
    public sealed record Seeks(IReadOnlyList<double> Seconds) : SamplingPlan(Seconds.Count);

    /// <summary>The plan for a stream whose packets are known.</summary>
    public static SamplingPlan For(ProbedVideo video, PacketTimes packets, int count)
    {
        var available = packets.Seconds.Count;
        if (available == 0) return new Positions([.. Enumerable.Range(0, count).Select(i => (long)i)]);
        var indexes = UniformFrames.Indexes(available, count);
        if (packets.Distinct < available / 2 + 1) return new Positions(indexes);
        var times = indexes.Select(i => packets.Seconds[(int)i] - 0.001).ToList();
        return IsShort(video, available) ? new Times(times) : new Seeks(times);
    }

    /// <summary>The plan for a long video by what its container claims; null if it is short or claims nothing, and so its packets must be read.</summary>
    public static SamplingPlan? ForLong(ProbedVideo video, int count)
    {
        if (video.DurationSeconds is not { } duration || IsShort(video, video.Frames ?? (long)(duration * 30))) return null;
        return new Seeks(video.Frames is { } frames
            // Half a frame early: the first frame at or after it is the one meant, however the numbers are rounded.
            ? [.. UniformFrames.Indexes(frames, count).Select(i => video.StartSeconds + duration * Math.Max(0, i - 0.5) / frames)]
            : [.. Enumerable.Range(0, count).Select(i => video.StartSeconds + duration * (i + 0.5) / count)]);
    }

    private static bool IsShort(ProbedVideo video, long frames) =>
        video.Seeking == Seeking.Never || (frames <= WholeFrames && frames * Math.Max(1L, (long)video.Width * video.Height) <= WholePixels);
}
