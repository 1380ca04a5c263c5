using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;

namespace DemoVlp.Testing;

/// <summary>Makes files once per machine. Several test processes may want the same one at the same time.</summary>
internal static partial class ClipWorkshop
{
    // Raise the number when a clip's recipe changes: machines keep the files.
    private static readonly string Folder = Path.Combine(Path.GetTempPath(), $"demovlp-sample-clips-3-{Environment.UserName}");

    public static Task<string> MakeAsync(string name, string arguments, CancellationToken cancellationToken, bool throughPipe = false) =>
        OnceAsync(name, async path =>
        {
            var extension = Path.GetExtension(name).TrimStart('.');
            var format = extension == "mkv" ? "matroska" : extension;
            // Bit-exact and one thread: the same file wherever it is made.
            string[] all = ["-v", "error", "-nostdin", "-y", .. arguments.Split(' '), "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", format];
            var ffmpeg = Cli.Wrap("ffmpeg").WithValidation(CommandResultValidation.None);
            await using var piped = throughPipe ? File.Create(path) : Stream.Null;
            var result = throughPipe
                ? await (ffmpeg.WithArguments([.. all, "pipe:1"]) | PipeTarget.ToStream(piped)).ExecuteBufferedAsync(cancellationToken)
                : await ffmpeg.WithArguments([.. all, path]).ExecuteBufferedAsync(cancellationToken);
            if (result.ExitCode != 0) throw new InvalidOperationException($"ffmpeg could not make {name}: {result.StandardError}");
        });

    public static Task<string> WriteAsync(string name, byte[] bytes, CancellationToken cancellationToken) =>
        OnceAsync(name, path => File.WriteAllBytesAsync(path, bytes, cancellationToken));

    public static async Task<int> FfmpegMajorVersionAsync(CancellationToken cancellationToken)
    {
        var result = await Cli.Wrap("ffmpeg").WithArguments("-version").ExecuteBufferedAsync(cancellationToken);
        return VersionNumber().Match(result.StandardOutput) is { Success: true } match ? int.Parse(match.Groups[1].Value, null) : 5;
    }

    private static async Task<string> OnceAsync(string name, Func<string, Task> make)
    {
        var path = Path.Combine(Folder, name);
        if (File.Exists(path)) return path;
        Directory.CreateDirectory(Folder);
        var own = Path.Combine(Folder, $"{Guid.NewGuid():n}{Path.GetExtension(name)}");
        try
        {
            await make(own);
            File.Move(own, path, overwrite: true);
            return path;
        }
        finally
        {
            File.Delete(own);
        }
    }

    [GeneratedRegex(@"ffmpeg version n?(\d+)\.")]
    private static partial Regex VersionNumber();
}
