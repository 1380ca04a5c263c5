using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using DemoVlp.Testing;

namespace DemoVlp.Shared.Tests.Testing;

/// <summary>The clips are what other tests take for granted, so what they promise is checked with ffmpeg itself.</summary>
public sealed class SampleClipsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Colours_AtEachSecond_ShowThatSecondsColour()
    {
        var clip = await SampleClips.ColoursAsync(Token);
        for (var second = 0; second < SampleClips.Colours.Count; second++)
        {
            var pixel = await PixelAsync(clip, second + 0.5, 160, 120);
            AssertNear(SampleClips.Colours[second], pixel);
        }
    }

    [Fact]
    public async Task Rotated_Upright_IsTallAndRedAboveBlue()
    {
        var clip = await SampleClips.RotatedAsync(Token);
        Assert.Equal("320,240", await ProbeAsync(clip, "stream=width,height"));
        AssertNear((255, 0, 0), await PixelAsync(clip, 1, 120, 20));
        AssertNear((0, 0, 255), await PixelAsync(clip, 1, 120, 300));
    }

    [Theory]
    [InlineData(true, 80)]
    [InlineData(false, 180)]
    public async Task MovingSquare_AfterOneSecond_IsWhereItShouldBe(bool toTheRight, int left)
    {
        var clip = await SampleClips.MovingSquareAsync("red", toTheRight, Token);
        AssertNear((255, 0, 0), await PixelAsync(clip, 1, left + 30, 120));
        AssertNear((255, 255, 255), await PixelAsync(clip, 1, toTheRight ? left - 10 : left + 70, 120));
    }

    [Fact]
    public async Task MatroskaWithoutDuration_Probed_HasNone() =>
        Assert.Equal("N/A", await ProbeAsync(await SampleClips.MatroskaWithoutDurationAsync(Token), "format=duration"));

    [Fact]
    public async Task HugePicture_Probed_ClaimsItsSize() =>
        Assert.Equal("16000,16000", await ProbeAsync(await SampleClips.HugePictureAsync(Token), "stream=width,height"));

    [Fact]
    public async Task OnePixel_Probed_IsOne() => Assert.Equal("1,1", await ProbeAsync(await SampleClips.OnePixelAsync(Token), "stream=width,height"));

    [Fact]
    public async Task AudioOnly_Probed_HasNoPicture() => Assert.Equal("audio", await ProbeAsync(await SampleClips.AudioOnlyAsync(Token), "stream=codec_type"));

    [Fact]
    public async Task WithSound_Probed_HasPictureAndSound() =>
        Assert.Equal("video\naudio", await ProbeAsync(await SampleClips.WithSoundAsync(Token), "stream=codec_type"));

    [Fact]
    public async Task FewFrames_Counted_AreFew()
    {
        Assert.Equal("1", await CountFramesAsync(await SampleClips.OneFrameAsync(Token)));
        Assert.Equal("3", await CountFramesAsync(await SampleClips.ThreeFramesAsync(Token)));
        Assert.Equal("20", await CountFramesAsync(await SampleClips.GifAsync(Token)));
    }

    [Fact]
    public async Task Truncated_WithIndexLast_CannotBeOpened_ButWithIndexFirstItCan()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ProbeAsync(await SampleClips.TruncatedAsync(Token), "format=duration"));
        Assert.StartsWith("8.0", await ProbeAsync(await SampleClips.TruncatedAfterIndexAsync(Token), "format=duration"));
    }

    private static Task<string> CountFramesAsync(string clip) => ProbeAsync(clip, "stream=nb_read_frames", "-count_frames");

    private static async Task<string> ProbeAsync(string clip, string entries, params string[] more)
    {
        var result = await Cli.Wrap("ffprobe").WithValidation(CommandResultValidation.None)
            .WithArguments(["-v", "error", .. more, "-show_entries", entries, "-of", "csv=p=0", clip]).ExecuteBufferedAsync(Token);
        return result.ExitCode == 0 ? result.StandardOutput.Trim().TrimEnd(',') : throw new InvalidOperationException(result.StandardError);
    }

    private static async Task<(byte Red, byte Green, byte Blue)> PixelAsync(string clip, double second, int x, int y)
    {
        using var output = new MemoryStream();
        await (Cli.Wrap("ffmpeg").WithArguments([
            "-v", "error", "-nostdin", "-ss", second.ToString(CultureInfo.InvariantCulture), "-i", clip,
            "-frames:v", "1", "-vf", $"crop=1:1:{x}:{y}:exact=1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
        ]) | PipeTarget.ToStream(output)).ExecuteAsync(Token);
        var bytes = output.ToArray();
        return (bytes[0], bytes[1], bytes[2]);
    }

    private static void AssertNear((byte Red, byte Green, byte Blue) expected, (byte Red, byte Green, byte Blue) actual) =>
        Assert.True(
            Math.Max(Math.Abs(expected.Red - actual.Red), Math.Max(Math.Abs(expected.Green - actual.Green), Math.Abs(expected.Blue - actual.Blue))) < 12,
            $"expected about {expected}, found {actual}");
}
