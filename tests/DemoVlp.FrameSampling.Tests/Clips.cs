using System.Buffers.Binary;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Extensions.Options;

namespace DemoVlp.FrameSampling.Tests;

/// <summary>Short ways to make a clip and to sample one.</summary>
internal static class Clips
{
    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<SampledVideo> SampleAsync(string path, Action<FrameSamplingOptions>? configure = null, CancellationToken? cancellationToken = null)
    {
        var options = new FrameSamplingOptions();
        configure?.Invoke(options);
        return new FrameSampler(Options.Create(options)).SampleAsync(path, cancellationToken ?? Token);
    }

    public static async Task<string> RefusedAsync(string path, Action<FrameSamplingOptions>? configure = null)
    {
        var refused = await Assert.ThrowsAsync<VideoRefusedException>(() => SampleAsync(path, configure));
        // One plain sentence for a person: no path, no exception text of a program.
        Assert.Matches(@"^[A-Z][^\n/]*\.$", refused.Message);
        return refused.Code;
    }

    public static async Task<string> MakeAsync(string path, params string[] arguments)
    {
        await Cli.Wrap("ffmpeg").WithArguments(["-v", "error", "-nostdin", "-y", .. arguments, path]).ExecuteBufferedAsync(Token);
        return path;
    }

    /// <summary>A small GIF with many frames of 16 million pixels: ffmpeg is at it for a while.</summary>
    public static string MakeBomb(string path)
    {
        var header = "GIF89a\0\0\0\0\x80\0\0"u8.ToArray();
        header = [.. header[..10], 0x80, 0, 0, 255, 0, 0, 0, 0, 0]; // Global table of two colours.
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), 4000);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), 4000);
        byte[] frame = [0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
        File.WriteAllBytes(path, [.. header, .. Enumerable.Repeat(frame, 20_000).SelectMany(f => f), 0x3b]);
        return path;
    }
}
