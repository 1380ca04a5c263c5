using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DemoVlp.Contracts.Videos;

namespace DemoVlp.FrameSampling;

/// <summary>Looks into a file with ffprobe and refuses what is not to be decoded.</summary>
internal sealed partial class VideoProber(FrameSamplingOptions options)
{
    // Enough for six hours at 120 frames a second; a file with more is not one of ours.
    private const int MostPackets = 3_000_000, MostReport = 1 << 20;

    private static readonly string[] AudioContainers = ["mp3", "wav", "flac", "aac", "w64", "aiff", "amr", "ac3", "eac3", "dts", "caf", "ape", "wv", "au"];

    /// <summary>Checks container, streams, size and length.</summary>
    /// <exception cref="VideoRefusedException">It is not to be decoded.</exception>
    public async Task<ProbedVideo> ProbeAsync(string path, string folder, CancellationToken cancellationToken)
    {
        if (new FileInfo(path).Length == 0) throw new VideoRefusedException(FailureCodes.NotAVideo, "The file is empty.");
        var report = new StringBuilder();
        var log = new List<string>();
        string[] arguments =
        [
            "-v", "error", "-threads", "1", .. MediaTools.InputGuards, // Without the decoder's pixel limit: it would hide the size.
            "-show_entries", "format=start_time,duration,format_name:stream=index,codec_type,codec_name,width,height,nb_frames,duration:stream_disposition=attached_pic",
            "-of", "json", MediaTools.FileUrl(path),
        ];
        var exitCode = await MediaTools.RunAsync(MediaTools.Ffprobe, arguments, folder,
            line => { if (report.Length < MostReport) report.Append(line).Append('\n'); }, line => { if (log.Count < 100) log.Add(line); },
            options.TimeoutSeconds + MediaTools.Grace, cancellationToken);
        if (exitCode != 0) throw Refusal(exitCode, log, path);
        try
        {
            using var json = JsonDocument.Parse(report.ToString());
            return Accept(json.RootElement, log);
        }
        catch (JsonException)
        {
            throw new VideoRefusedException(FailureCodes.UnsupportedFormat, "The file has more streams than a video has.");
        }
    }

    /// <summary>Reads the time stamps of all packets of the stream: how many frames there really are, and when.</summary>
    /// <exception cref="VideoRefusedException">There are too many, or they reach too far.</exception>
    public async Task<PacketTimes> ScanAsync(string path, ProbedVideo video, string folder, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        string[] arguments =
        [
            "-v", "error", .. MediaTools.InputGuards, "-select_streams", $"{video.Stream}",
            "-show_entries", "packet=pts_time,dts_time,flags", "-of", "csv=p=0", MediaTools.FileUrl(path),
        ];
        var exitCode = await MediaTools.RunAsync(MediaTools.Ffprobe, arguments, folder, Add, _ => { }, options.TimeoutSeconds + MediaTools.Grace, cancellationToken);
        if (MediaTools.WasKilled(exitCode)) throw DecoderGaveUp();
        times.Sort();
        if (times.Count > MostPackets || (times.Count > 0 && times[^1] - times[0] > options.MaxDurationSeconds)) throw TooLong();
        var distinct = 0;
        for (var i = 0; i < times.Count; i++)
            if (i == 0 || times[i] > times[i - 1]) distinct++;
        return new(times, distinct);

        void Add(string line)
        {
            // pts, dts, flags; a packet marked D is cut away by an edit list and never shown.
            var fields = line.Split(',');
            if (times.Count > MostPackets || fields.Length < 3 || fields[2].Contains('D')) return;
            if ((Number(fields[0]) ?? Number(fields[1])) is { } time) times.Add(time);
        }
    }

    /// <summary>The decoder crashed or ran into a limit.</summary>
    public static VideoRefusedException DecoderGaveUp() =>
        new(FailureCodes.DecodeFailed, "The video could not be decoded within the memory and time allowed.");

    private VideoRefusedException TooManyPixels(string size) =>
        new(FailureCodes.TooManyPixels, $"The picture is {size} pixels; at most {options.MaxPixels / 1e6:0.#} million pixels are allowed.");

    private VideoRefusedException TooLong() =>
        new(FailureCodes.TooLong, $"The video is longer than the {TimeSpan.FromSeconds(options.MaxDurationSeconds).TotalHours:0.##} hours allowed.");

    private ProbedVideo Accept(JsonElement report, List<string> log)
    {
        var format = report.GetProperty("format");
        var pictures = report.GetProperty("streams").EnumerateArray()
            .Where(s => Text(s, "codec_type") == "video" && !(s.TryGetProperty("disposition", out var d) && d.GetProperty("attached_pic").GetInt32() == 1))
            .ToList();
        if (pictures.Count == 0) throw new VideoRefusedException(FailureCodes.NoVideoStream, "The file has no moving pictures in it, only sound or other data.");
        var known = pictures.Where(s => Text(s, "codec_name") is not (null or "unknown")).ToList();
        if (known.Count == 0) throw new VideoRefusedException(FailureCodes.UnsupportedFormat, "The pictures are compressed in a way that is not supported.");

        var stream = known.MaxBy(Pixels);
        if (Pixels(stream) > options.MaxPixels) throw TooManyPixels($"{Size(stream, "width")}x{Size(stream, "height")}");
        // What is too large for ffmpeg itself is reported with no size at all.
        if (Pixels(stream) == 0 && log.Select(line => InvalidSize().Match(line)).FirstOrDefault(m => m.Success) is { } invalid)
            throw TooManyPixels(invalid.Groups[1].Value);
        // A stream's length is closer to the pictures than the container's, which may have longer sound.
        var duration = Positive(stream, "duration") ?? Positive(format, "duration");
        if (duration > options.MaxDurationSeconds) throw TooLong();
        return new(stream.GetProperty("index").GetInt32(), (int)Size(stream, "width"), (int)Size(stream, "height"),
            Number(Text(format, "start_time")) ?? 0, duration, Positive(stream, "nb_frames") is < 1e9 and var frames ? (long)frames : null,
            Text(format, "format_name") switch { "gif" => Seeking.Never, "mpegts" or "mpeg" => Seeking.Rough, _ => Seeking.Exact });
    }

    private static VideoRefusedException Refusal(int exitCode, List<string> log, string path)
    {
        if (MediaTools.WasKilled(exitCode)) return DecoderGaveUp();
        var refused = log.Select(line => NotOnList().Match(line)).FirstOrDefault(m => m.Success)?.Groups[1].Value.Split(',')[0];
        if (refused is not null)
            return AudioContainers.Contains(refused)
                ? new(FailureCodes.NoVideoStream, "The file has no moving pictures in it, only sound.")
                : new(FailureCodes.UnsupportedFormat, "The file is not in one of the video formats accepted: MP4, MOV, Matroska, WebM, AVI, GIF, MPEG, FLV, Ogg, WMV.");
        if (log.Any(line => line.Contains("moov atom not found", StringComparison.Ordinal)) && BeginsLikeMp4(path))
            return new(FailureCodes.DecodeFailed, "The file is incomplete: its index is missing, as after an interrupted upload or recording.");
        return new(FailureCodes.NotAVideo, "The file is not a video.");
    }

    // ffmpeg takes many a text for an mp4 without index; a file that was one begins with one of these boxes.
    private static bool BeginsLikeMp4(string path)
    {
        Span<byte> head = stackalloc byte[8];
        using var file = File.OpenRead(path);
        file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return Encoding.ASCII.GetString(head[4..]) is "ftyp" or "mdat" or "moov" or "free" or "skip" or "wide" or "pnot" or "styp";
    }

    private static long Pixels(JsonElement stream) => Size(stream, "width") * Size(stream, "height");

    private static long Size(JsonElement stream, string name) => stream.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static double? Positive(JsonElement element, string name) => Number(Text(element, name)) is > 0 and var number ? number : null;

    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    [GeneratedRegex(@"^\[([\w,]+) @ [^\]]*\] Format not on whitelist")]
    private static partial Regex NotOnList();

    [GeneratedRegex(@"Picture size (\d+x\d+) is invalid")]
    private static partial Regex InvalidSize();
}
