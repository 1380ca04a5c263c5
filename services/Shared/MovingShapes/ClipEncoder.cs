using CliWrap;

namespace DemoVlp.MovingShapes;

/// <summary>Makes a video file of a scene with ffmpeg: H.264 (yuv420p) in an mp4, 320 x 240 pixels, 24 frames in 3 seconds.</summary>
public static class ClipEncoder
{
    /// <summary>Writes the video; a file that is there is replaced. ffmpeg has to be on the PATH.</summary>
    /// <exception cref="CliWrap.Exceptions.CommandExecutionException">ffmpeg failed.</exception>
    public static async Task WriteAsync(Scene scene, string path, CancellationToken cancellationToken)
    {
        using var renderer = new SceneRenderer(scene);
        var frames = PipeSource.Create(async (stream, token) =>
        {
            for (var frame = 0; frame < Scene.FrameCount; frame++) await stream.WriteAsync(renderer.Rgb(frame), token);
        });
        await Cli.Wrap("ffmpeg").WithArguments(
        [
            "-nostats", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", $"{Scene.Width}x{Scene.Height}", "-r", $"{Scene.FrameRate}", "-i", "pipe:0",
            "-vf", "scale=out_color_matrix=bt601:out_range=tv", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "1",
            "-colorspace", "smpte170m", "-color_range", "tv", "-bitexact", "-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", $"file:{Path.GetFullPath(path)}",
        ]).WithStandardInputPipe(frames).ExecuteAsync(cancellationToken);
    }
}
