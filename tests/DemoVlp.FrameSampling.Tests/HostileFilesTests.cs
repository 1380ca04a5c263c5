using System.Diagnostics;
using System.Runtime.Versioning;
using CliWrap;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.FrameSampling.Tests;

public sealed class HostileFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Sample_WhenPlaylistIsDisguisedAsVideo_DoesNotReadTheFileItNames()
    {
        Assert.Equal(FailureCodes.UnsupportedFormat, await Clips.RefusedAsync(await SampleClips.PlaylistAsync(Clips.Token)));

        var script = folder["concat.mp4"];
        await File.WriteAllTextAsync(script, $"ffconcat version 1.0\nfile {await SampleClips.ColoursAsync(Clips.Token)}\n", Clips.Token);
        Assert.Equal(FailureCodes.UnsupportedFormat, await Clips.RefusedAsync(script));
    }

    [Fact]
    public async Task Sample_WhenNoVideo_SaysSo()
    {
        Assert.Equal(FailureCodes.NotAVideo, await Clips.RefusedAsync(await SampleClips.EmptyAsync(Clips.Token)));
        Assert.Equal(FailureCodes.NotAVideo, await Clips.RefusedAsync(await SampleClips.TextAsync(Clips.Token)));
    }

    [Fact]
    public async Task Sample_WhenStillPicture_SaysThatTheFormatIsNotAccepted() =>
        Assert.Equal(FailureCodes.UnsupportedFormat,
            await Clips.RefusedAsync(await Clips.MakeAsync(folder["still.png"], "-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1")));

    [Theory]
    [InlineData("sound.mp4")]
    [InlineData("sound.mp3")]
    [InlineData("sound.wav")]
    public async Task Sample_WhenSoundAlone_SaysThatThereIsNoVideoStream(string name) =>
        Assert.Equal(FailureCodes.NoVideoStream, await Clips.RefusedAsync(await Clips.MakeAsync(folder[name], "-f", "lavfi", "-i", "sine=d=1")));

    [Fact]
    public async Task Sample_WhenSoundHasCoverArt_DoesNotTakeItForAVideo()
    {
        var cover = await Clips.MakeAsync(folder["cover.png"], "-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1");
        var song = await Clips.MakeAsync(folder["song.m4a"],
            "-f", "lavfi", "-i", "sine=d=1", "-i", cover, "-map", "0", "-map", "1", "-c:v", "png", "-disposition:v:0", "attached_pic");

        Assert.Equal(FailureCodes.NoVideoStream, await Clips.RefusedAsync(song));
    }

    [Fact]
    public async Task Sample_WhenTheIndexIsCutOff_SaysThatTheFileIsIncomplete() =>
        Assert.Equal(FailureCodes.DecodeFailed, await Clips.RefusedAsync(await SampleClips.TruncatedAsync(Clips.Token)));

    [Fact]
    public async Task Sample_WhenNoPictureDecodes_SaysThatThereAreNoFrames()
    {
        // The index stays whole, everything that it points at is overwritten.
        var bytes = await File.ReadAllBytesAsync(await SampleClips.ColoursAsync(Clips.Token), Clips.Token);
        var data = bytes.AsSpan().IndexOf("mdat"u8) + 4;
        new Random(1).NextBytes(bytes.AsSpan(data));
        await File.WriteAllBytesAsync(folder["noise.mp4"], bytes, Clips.Token);

        Assert.Equal(FailureCodes.NoFrames, await Clips.RefusedAsync(folder["noise.mp4"]));
    }

    [Fact]
    public async Task Sample_WhenPictureIsHuge_RefusesBeforeDecoding()
    {
        Assert.Equal(FailureCodes.TooManyPixels, await Clips.RefusedAsync(await SampleClips.HugePictureAsync(Clips.Token)));
        Assert.Equal(FailureCodes.TooManyPixels, await Clips.RefusedAsync(await SampleClips.ColoursAsync(Clips.Token), o => o.MaxPixels = 320 * 240 - 1));
    }

    [Fact]
    public async Task Sample_WhenTooLong_RefusesWhetherTheContainerTellsOrNot()
    {
        Assert.Equal(FailureCodes.TooLong, await Clips.RefusedAsync(await SampleClips.ColoursAsync(Clips.Token), o => o.MaxDurationSeconds = 5));
        Assert.Equal(FailureCodes.TooLong, await Clips.RefusedAsync(await SampleClips.MatroskaWithoutDurationAsync(Clips.Token), o => o.MaxDurationSeconds = 2));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task Sample_WhenDecodingTakesTooLong_GivesUpInTime()
    {
        var bomb = Clips.MakeBomb(folder["bomb.gif"]);
        var clock = Stopwatch.StartNew();
        var refused = Clips.RefusedAsync(bomb, o => o.TimeoutSeconds = 3);
        var (process, _) = await Eventually.ValueAsync("ffmpeg decodes", _ => Task.FromResult(Decoder(bomb)), Clips.Token);
        // Halted, it never ends, however fast the machine is.
        await Cli.Wrap("kill").WithArguments(["-STOP", $"{process}"]).ExecuteAsync(Clips.Token);

        Assert.Equal(FailureCodes.DecodeTimeout, await refused);

        Assert.InRange(clock.Elapsed.TotalSeconds, 2.5, 30);
        await Eventually.TrueAsync("ffmpeg is gone", () => Decoder(bomb) is null, Clips.Token);
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task Sample_WhenCancelled_LeavesNeitherProcessNorFolder()
    {
        var bomb = Clips.MakeBomb(folder["bomb.gif"]);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Clips.Token);
        var sampling = Clips.SampleAsync(bomb, cancellationToken: cancel.Token);
        var (process, workingFolder) = await Eventually.ValueAsync("ffmpeg decodes", _ => Task.FromResult(Decoder(bomb)), Clips.Token);

        // A child knows nothing of this process but where programs are.
        var environment = await File.ReadAllTextAsync($"/proc/{process}/environ", Clips.Token);
        Assert.StartsWith("PATH=", environment);
        Assert.DoesNotContain("HOME=", environment);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(workingFolder) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute));

        await cancel.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sampling);
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        await Eventually.TrueAsync("ffmpeg is gone", () => Decoder(bomb) is null, Clips.Token);
        Assert.False(Directory.Exists(workingFolder));
    }

    private static Running? Decoder(string path)
    {
        foreach (var entry in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
        {
            try
            {
                var commandLine = File.ReadAllText($"{entry}/cmdline");
                if (commandLine.StartsWith("ffmpeg\0", StringComparison.Ordinal) && commandLine.Contains(path, StringComparison.Ordinal)
                    && File.ResolveLinkTarget($"{entry}/cwd", returnFinalTarget: false) is { } workingFolder)
                    return new(int.Parse(Path.GetFileName(entry), null), workingFolder.FullName);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // It ended while it was looked at.
            }
        }
        return null;
    }

    private sealed record Running(int Process, string Folder);
}
