using System.ComponentModel;
using System.Text;
using CliWrap;

namespace DemoVlp.FrameSampling;

/// <summary>Runs ffmpeg and ffprobe caged: what they read was sent by strangers.</summary>
/// <remarks>
/// No standard input, an empty environment, limits on address space, CPU time and file size (prlimit), no core file. <c>timeout</c> stands
/// above them, so that they end even when this service was killed and nobody is left to cancel them.
/// </remarks>
internal static class MediaTools
{
    public const string Ffmpeg = "ffmpeg", Ffprobe = "ffprobe";
    /// <summary>Seconds by which <c>timeout</c> waits longer than this service, which can say why it gave up.</summary>
    public const int Grace = 10;

    private const long AddressSpace = 6L << 30, LargestFile = 64L << 20, LargestAllocation = 512L << 20;
    private const int Killed = 137, NotFound = 127;

    /// <summary>The programs that must be on the PATH.</summary>
    public static readonly string[] Needed = [Ffmpeg, Ffprobe, "timeout", "prlimit"];

    // Containers of real videos. Nothing that names other files (playlists, concat scripts, image sequences) and no raw streams.
    private const string Containers = "mov,mp4,matroska,webm,avi,gif,mpegts,mpeg,flv,ogg,asf";

    /// <summary>Options before <c>-i</c> that keep ffmpeg and ffprobe to the containers accepted and away from the network.</summary>
    public static readonly string[] InputGuards = ["-format_whitelist", Containers, "-protocol_whitelist", "file"];

    /// <summary>The input as ffmpeg's file protocol wants it, whatever the path looks like.</summary>
    public static string FileUrl(string path) => $"file:{Path.GetFullPath(path)}";

    /// <summary>Runs a tool to its end.</summary>
    /// <param name="tool"><see cref="Ffmpeg"/> or <see cref="Ffprobe"/>.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Its working folder.</param>
    /// <param name="onOutput">Takes each line of standard output, cut at a bounded length.</param>
    /// <param name="onLog">Takes each line of standard error, cut at a bounded length.</param>
    /// <param name="seconds">When <c>timeout</c> kills it at the latest.</param>
    /// <param name="cancellationToken">Kills it at once.</param>
    /// <returns>The exit code; 137 if it was killed for a limit.</returns>
    /// <exception cref="InvalidOperationException">A program is not installed.</exception>
    public static async Task<int> RunAsync(
        string tool, IEnumerable<string> arguments, string folder, Action<string> onOutput, Action<string> onLog, int seconds, CancellationToken cancellationToken)
    {
        string[] cage =
        [
            "-s", "KILL", $"{seconds}", "prlimit", $"--as={AddressSpace}", $"--cpu={seconds * 2}", $"--fsize={LargestFile}", "--core=0", "--",
            tool, "-hide_banner", "-max_alloc", $"{LargestAllocation}",
        ];
        try
        {
            var result = await Cli.Wrap("timeout").WithArguments([.. cage, .. arguments]).WithWorkingDirectory(folder)
                .WithEnvironmentVariables(OnlyPath()).WithValidation(CommandResultValidation.None)
                .WithStandardOutputPipe(Lines(onOutput)).WithStandardErrorPipe(Lines(onLog)).ExecuteAsync(cancellationToken);
            if (result.ExitCode == NotFound) throw new InvalidOperationException($"'{tool}' or 'prlimit' is not installed.");
            return result.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("'timeout' is not installed.", e);
        }
    }

    /// <summary>Whether an exit code says that the tool was ended by a signal (its own crash or a limit).</summary>
    public static bool WasKilled(int exitCode) => exitCode is >= 128 or < 0 or Killed;

    private static Dictionary<string, string?> OnlyPath()
    {
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>().ToDictionary(name => name, _ => (string?)null);
        environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        return environment;
    }

    // CliWrap's own line reader holds a line of any length; a file's metadata can be one of a gigabyte.
    private static PipeTarget Lines(Action<string> onLine) => PipeTarget.Create(async (stream, cancellationToken) =>
    {
        const int longest = 4000;
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        var buffer = new char[8192];
        var line = new StringBuilder();
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellationToken)) > 0)
            foreach (var character in buffer.AsSpan(0, read))
            {
                if (character is not ('\n' or '\r'))
                {
                    if (line.Length < longest) line.Append(character);
                    continue;
                }
                if (line.Length > 0) onLine(line.ToString());
                line.Clear();
            }
        if (line.Length > 0) onLine(line.ToString());
    });
}
