using System.Buffers.Binary;

namespace DemoVlp.Testing;

/// <summary>
/// Video files made on the spot with ffmpeg, each once per machine: they are kept in the temporary folder, so do not change them.
/// Every method returns the path of the file.
/// </summary>
public static class SampleClips
{
    /// <summary>The colour of each second of <see cref="ColoursAsync"/>, as red, green, blue. Encoding moves them by a few steps.</summary>
    public static readonly IReadOnlyList<(byte Red, byte Green, byte Blue)> Colours =
        [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255), (255, 255, 255), (0, 0, 0)];

    private const string X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

    /// <summary>8 s, 320x240, 25 frames a second; second <c>i</c> shows nothing but <see cref="Colours"/>[i].</summary>
    public static Task<string> ColoursAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("colours.mp4", $"{ColourInputs(8, 1, "320x240")} {X264} -movflags +faststart", cancellationToken);

    /// <summary>4 s, 320x240: a 60x60 square crosses a white ground at 60 pixels a second. Its left edge is at 20+60t (or 240-60t to the left), its top at 90.</summary>
    /// <param name="colour">As ffmpeg names it: <c>red</c>, <c>blue</c>, <c>0x00ff00</c>.</param>
    /// <param name="toTheRight">The direction.</param>
    /// <param name="cancellationToken">The test's token.</param>
    public static Task<string> MovingSquareAsync(string colour, bool toTheRight, CancellationToken cancellationToken)
    {
        var left = toTheRight ? "20+60*t" : "240-60*t";
        return ClipWorkshop.MakeAsync($"square-{colour}-{(toTheRight ? "right" : "left")}.mp4",
            $"-f lavfi -i color=white:s=320x240:r=25:d=4 -f lavfi -i color={colour}:s=60x60:r=25:d=4 -filter_complex [0][1]overlay=x={left}:y=90 {X264}",
            cancellationToken);
    }

    /// <summary>2 s, stored as 320x240 with rotation metadata: upright it is 240x320, red in the upper half and blue in the lower one.</summary>
    public static async Task<string> RotatedAsync(CancellationToken cancellationToken)
    {
        // The stored picture lies on its side; only the metadata of the second step sets it upright.
        var lying = await ClipWorkshop.MakeAsync("lying.mp4",
            $"-f lavfi -i color=red:s=240x320:r=25:d=2 -f lavfi -i color=blue:s=240x160:r=25:d=2 -filter_complex [0][1]overlay=y=160,transpose=clock {X264}", cancellationToken);
        var version = await ClipWorkshop.FfmpegMajorVersionAsync(cancellationToken);
        return await ClipWorkshop.MakeAsync("rotated.mp4",
            version >= 6 ? $"-display_rotation 90 -i {lying} -c copy" : $"-i {lying} -c copy -metadata:s:v:0 rotate=90", cancellationToken);
    }

    /// <summary>An animated GIF of 2 s, 160x120, 10 frames a second: red, then green.</summary>
    public static Task<string> GifAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("two.gif", ColourInputs(2, 1, "160x120", rate: 10), cancellationToken);

    /// <summary>Matroska written to a pipe: 4 s of one colour each (<see cref="Colours"/>), but neither duration nor index.</summary>
    public static Task<string> MatroskaWithoutDurationAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("no-duration.mkv", $"{ColourInputs(4, 1, "320x240")} {X264}", cancellationToken, throughPipe: true);

    /// <summary>A single frame, 320x240, red.</summary>
    public static Task<string> OneFrameAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("one-frame.mp4", $"-f lavfi -i color=red:s=320x240:r=25:d=1 -frames:v 1 {X264}", cancellationToken);

    /// <summary>Three frames, 320x240: red, green, blue. Fewer than a model asks for.</summary>
    public static Task<string> ThreeFramesAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("three-frames.mp4", $"{ColourInputs(3, 1, "320x240", rate: 1)} {X264}", cancellationToken);

    /// <summary>A video of 1x1 pixels, 1 s, red.</summary>
    public static Task<string> OnePixelAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("one-pixel.mkv", "-f lavfi -i color=red:s=2x2:r=5:d=1,format=bgr0,crop=1:1:exact=1 -c:v ffv1 -pix_fmt bgr0", cancellationToken);

    /// <summary>2 s with a tone beside the picture.</summary>
    public static Task<string> WithSoundAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("sound.mp4", $"-f lavfi -i color=red:s=320x240:r=25:d=2 -f lavfi -i sine=d=2 {X264} -c:a aac", cancellationToken);

    /// <summary>An mp4 with sound and no picture, 2 s.</summary>
    public static Task<string> AudioOnlyAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.MakeAsync("audio-only.mp4", "-f lavfi -i sine=d=2 -c:a aac", cancellationToken);

    /// <summary>The first half of an mp4 whose index was at its end: nothing can be decoded.</summary>
    public static async Task<string> TruncatedAsync(CancellationToken cancellationToken)
    {
        var whole = await ClipWorkshop.MakeAsync("index-last.mp4", $"{ColourInputs(8, 1, "320x240")} {X264}", cancellationToken);
        return await HalfOfAsync(whole, "truncated.mp4", cancellationToken);
    }

    /// <summary>The first half of an mp4 whose index is at its start: it promises 8 s and holds the first few.</summary>
    public static async Task<string> TruncatedAfterIndexAsync(CancellationToken cancellationToken) =>
        await HalfOfAsync(await ColoursAsync(cancellationToken), "truncated-after-index.mp4", cancellationToken);

    /// <summary>No bytes, named .mp4.</summary>
    public static Task<string> EmptyAsync(CancellationToken cancellationToken) => ClipWorkshop.WriteAsync("empty.mp4", [], cancellationToken);

    /// <summary>English text, named .mp4.</summary>
    public static Task<string> TextAsync(CancellationToken cancellationToken) =>
        ClipWorkshop.WriteAsync("text.mp4", "This is a letter, not a film.\n"u8.ToArray(), cancellationToken);

    /// <summary>A playlist named .mp4 that points at <see cref="ColoursAsync"/>: a decoder that believes it reads a file it was not given.</summary>
    public static async Task<string> PlaylistAsync(CancellationToken cancellationToken)
    {
        var other = await ColoursAsync(cancellationToken);
        var playlist = $"#EXTM3U\n#EXT-X-TARGETDURATION:8\n#EXTINF:8,\nfile://{other}\n#EXT-X-ENDLIST\n";
        return await ClipWorkshop.WriteAsync("playlist.mp4", System.Text.Encoding.UTF8.GetBytes(playlist), cancellationToken);
    }

    /// <summary>A GIF of a few bytes that claims 16000x16000 pixels.</summary>
    public static Task<string> HugePictureAsync(CancellationToken cancellationToken)
    {
        byte[] gif =
        [
            .. "GIF89a"u8, 0, 0, 0, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 0, // screen, global table of two colours
            0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b,   // one picture of one pixel
        ];
        BinaryPrimitives.WriteUInt16LittleEndian(gif.AsSpan(6), 16000);
        BinaryPrimitives.WriteUInt16LittleEndian(gif.AsSpan(8), 16000);
        return ClipWorkshop.WriteAsync("huge.gif", gif, cancellationToken);
    }

    private static async Task<string> HalfOfAsync(string whole, string name, CancellationToken cancellationToken)
    {
        var bytes = await File.ReadAllBytesAsync(whole, cancellationToken);
        return await ClipWorkshop.WriteAsync(name, bytes[..(bytes.Length / 2)], cancellationToken);
    }

    private static string ColourInputs(int count, int seconds, string size, int rate = 25)
    {
        var inputs = Colours.Take(count).Select(c => $"-f lavfi -i color=0x{c.Red:x2}{c.Green:x2}{c.Blue:x2}:s={size}:r={rate}:d={seconds}");
        var pads = string.Concat(Enumerable.Range(0, count).Select(i => $"[{i}]"));
        return $"{string.Join(' ', inputs)} -filter_complex {pads}concat=n={count}";
    }
}
