using System.Globalization;
using System.Text.RegularExpressions;

namespace DemoVlp.FrameSampling;

/// <summary>A frame as it was decoded: upright, scaled to the size kept.</summary>
/// <param name="Seconds">Its true time stamp, as the container has it.</param>
/// <param name="Width">Pixels of the JPEG.</param>
/// <param name="Height">Pixels of the JPEG.</param>
/// <param name="Jpeg">The JPEG.</param>
internal sealed record DecodedFrame(double Seconds, int Width, int Height, byte[] Jpeg);

/// <summary>What one run of ffmpeg gave.</summary>
/// <param name="Frames">The frames, ascending in time, none twice.</param>
/// <param name="Picture">Pixels of the picture they were made from: upright, not scaled. Known where there is a frame.</param>
/// <param name="Killed">It crashed or ran into a limit.</param>
/// <param name="NoDecoder">There is no decoder for the stream.</param>
internal sealed record DecodedFrames(IReadOnlyList<DecodedFrame> Frames, (int Width, int Height) Picture, bool Killed, bool NoDecoder);

/// <summary>Takes the frames of a plan with one ffmpeg process.</summary>
internal sealed partial class FrameDecoder(FrameSamplingOptions options)
{
    // Longer than the distance of key frames in broadcasts and discs.
    private const double RunUpSeconds = 10;

    /// <summary>Runs ffmpeg. Frames that do not exist or do not decode are left out.</summary>
    public async Task<DecodedFrames> DecodeAsync(string path, ProbedVideo video, SamplingPlan plan, string folder, CancellationToken cancellationToken)
    {
        var shown = new List<(int Output, double Seconds, int Width, int Height)>();
        (int Width, int Height)? picture = null;
        var noDecoder = false;
        var exitCode = await MediaTools.RunAsync(MediaTools.Ffmpeg, Arguments(path, video, plan), folder, _ => { }, Read, options.TimeoutSeconds + MediaTools.Grace, cancellationToken);
        var frames = new List<DecodedFrame>();
        foreach (var output in shown.GroupBy(f => f.Output))
            foreach (var (index, frame) in output.Index())
            {
                var file = Path.Combine(folder, $"{output.Key}-{index}.jpg");
                if (File.Exists(file) && await File.ReadAllBytesAsync(file, cancellationToken) is { Length: > 0 } jpeg)
                    frames.Add(new(frame.Seconds, frame.Width, frame.Height, jpeg));
                File.Delete(file);
            }
        return new([.. frames.DistinctBy(f => f.Seconds).OrderBy(f => f.Seconds)], picture ?? default, MediaTools.WasKilled(exitCode), noDecoder);

        void Read(string line)
        {
            noDecoder |= MissingDecoder().IsMatch(line);
            if (picture is null && Source().Match(line) is { Success: true } source)
                picture = (int.Parse(source.Groups["width"].Value, CultureInfo.InvariantCulture), int.Parse(source.Groups["height"].Value, CultureInfo.InvariantCulture));
            if (Shown().Match(line) is not { Success: true } match) return;
            shown.Add((int.Parse(match.Groups["output"].Value, CultureInfo.InvariantCulture),
                double.Parse(match.Groups["pts"].Value, CultureInfo.InvariantCulture) / 1e6,
                int.Parse(match.Groups["width"].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups["height"].Value, CultureInfo.InvariantCulture)));
        }
    }

    private List<string> Arguments(string path, ProbedVideo video, SamplingPlan plan)
    {
        List<string> arguments = ["-nostdin", "-nostats", "-loglevel", "info", "-copyts", "-filter_threads", "1"];
        switch (plan)
        {
            case SamplingPlan.Seeks seeks:
                // -ss counts from the container's beginning. One decoder thread for each of the inputs: they hold their pictures all at once.
                var early = video.Seeking == Seeking.Rough ? RunUpSeconds : 0;
                foreach (var seconds in seeks.Seconds)
                    AddInput(threads: 1, "-ss", Invariant($"{Math.Max(0, seconds - video.StartSeconds - early):0.######}"));
                foreach (var (i, seconds) in seeks.Seconds.Index()) AddOutput(i, 1, Invariant($"select='gte(t,{seconds:0.######})',"));
                break;
            case SamplingPlan.Times times:
                // How many of the times have been reached; a frame with which that number grows is taken.
                var reached = string.Join('+', times.Seconds.Select(s => Invariant($"gte(t,{s:0.######})")));
                AddInput(threads: 2);
                AddOutput(0, times.Count, $"select='if(gt(st(1,{reached}),ld(0)),gte(st(0,ld(1)),0),0)',");
                break;
            case SamplingPlan.Positions positions:
                AddInput(threads: 2);
                AddOutput(0, positions.Count, $"select='{string.Join('+', positions.Indexes.Select(i => Invariant($"eq(n,{i})")))}',");
                break;
        }
        return arguments;

        void AddInput(int threads, params string[] seek) => arguments.AddRange(
            ["-threads", $"{threads}", "-max_pixels", Invariant($"{options.MaxPixels}"), .. MediaTools.InputGuards, .. seek, "-i", MediaTools.FileUrl(path)]);

        void AddOutput(int index, int frames, string select) => arguments.AddRange(
        [
            "-map", $"{(plan is SamplingPlan.Seeks ? index : 0)}:{video.Stream}", "-vf", $"{select}{Picture(index)}", "-fps_mode", "passthrough",
            "-frames:v", $"{frames}", "-c:v", "mjpeg", "-q:v", "2", "-threads", "1", "-bitexact", "-map_metadata", "-1",
            "-f", "image2", "-start_number", "0", $"{index}-%d.jpg",
        ]);
    }

    // ffmpeg has turned the picture upright before these filters see it. The JPEG's colours are those of BT.601 whatever the video's are.
    // Pixels stay as they are stored: a pixel aspect ratio is a claim about display that the detector does not know of.
    private string Picture(int output)
    {
        string Side(string side) => $"'max(1,round({side}*min(1,{options.MaxSide}/max(iw,ih))))'";
        return $"showinfo@source=checksum=0,scale=w={Side("iw")}:h={Side("ih")}:out_color_matrix=bt601:out_range=full:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int,"
            + $"setsar=1,settb=1/1000000,showinfo@f{output},format=yuvj420p";
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    [GeneratedRegex(@"^\[showinfo@f(?<output>\d+) @ \w+\] n: *\d+ pts: *(?<pts>-?\d+) .* s:(?<width>\d+)x(?<height>\d+) ")]
    private static partial Regex Shown();

    // Before the scaling: what is kept may be smaller than the picture.
    [GeneratedRegex(@"^\[showinfo@source @ \w+\] n: .* s:(?<width>\d+)x(?<height>\d+) ")]
    private static partial Regex Source();

    [GeneratedRegex(@"Decoding requested, but no decoder|Decoder \(codec .*\) not found")]
    private static partial Regex MissingDecoder();
}
