using DemoVlp.Testing;

namespace DemoVlp.FrameSampling.Tests;

public sealed class FrameSamplerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Sample_WhenEverySecondHasItsColour_TakesTheMiddleOfEachSecond()
    {
        var video = await Clips.SampleAsync(await SampleClips.ColoursAsync(Clips.Token));

        Assert.Equal(8, video.Frames.Count);
        Assert.Equal(8, video.DurationSeconds!.Value, 0.05);
        foreach (var (i, frame) in video.Frames.Index())
        {
            Assert.Equal(i + 0.48, frame.Seconds, 0.001);
            Assert.Equal((320, 240), (frame.Width, frame.Height));
            Picture.AssertColour(SampleClips.Colours[i], Picture.At(frame.Jpeg));
        }
    }

    [Fact]
    public async Task Sample_WhenMetadataRotates_GivesUprightFramesAndTheirSize()
    {
        var video = await Clips.SampleAsync(await SampleClips.RotatedAsync(Clips.Token));

        var frame = video.Frames[0];
        Assert.Equal((240, 320), (frame.Width, frame.Height));
        Assert.Equal((240, 320), Picture.Size(frame.Jpeg));
        Picture.AssertColour((255, 0, 0), Picture.At(frame.Jpeg, y: 0.2));
        Picture.AssertColour((0, 0, 255), Picture.At(frame.Jpeg, y: 0.8));
    }

    [Fact]
    public async Task Sample_WhenNothingTellsTheDuration_ReadsItFromThePackets()
    {
        var video = await Clips.SampleAsync(await SampleClips.MatroskaWithoutDurationAsync(Clips.Token));

        Assert.Equal(8, video.Frames.Count);
        Assert.Equal(4, video.DurationSeconds!.Value, 0.1);
        foreach (var frame in video.Frames) Picture.AssertColour(SampleClips.Colours[(int)frame.Seconds], Picture.At(frame.Jpeg));
    }

    [Fact]
    public async Task Sample_WhenGif_TakesItsFrames()
    {
        var video = await Clips.SampleAsync(await SampleClips.GifAsync(Clips.Token));

        Assert.Equal(8, video.Frames.Count);
        foreach (var frame in video.Frames) Picture.AssertColour(SampleClips.Colours[(int)frame.Seconds], Picture.At(frame.Jpeg));
    }

    [Fact]
    public async Task Sample_WhenThereAreFewerFramesThanAsked_TakesAllOfThem()
    {
        var video = await Clips.SampleAsync(await SampleClips.ThreeFramesAsync(Clips.Token));

        Assert.Equal([0, 1, 2], video.Frames.Select(f => f.Seconds));
        foreach (var (i, frame) in video.Frames.Index()) Picture.AssertColour(SampleClips.Colours[i], Picture.At(frame.Jpeg));
        Assert.Single((await Clips.SampleAsync(await SampleClips.OneFrameAsync(Clips.Token))).Frames);
    }

    [Fact]
    public async Task Sample_WhenFramesComeAtUnevenTimes_GivesTheTrueTimeOfEach()
    {
        // Frame n is shown from n * n / 10 seconds on.
        var colours = SampleClips.Colours.SelectMany(c => new[] { "-f", "lavfi", "-i", $"color=0x{c.Red:x2}{c.Green:x2}{c.Blue:x2}:s=64x64:r=1:d=1" });
        var path = await Clips.MakeAsync(folder["uneven.mp4"],
            [.. colours, "-filter_complex", "concat=n=8,settb=1/1000,setpts=N*N*100", "-fps_mode", "vfr", "-enc_time_base", "1/1000", "-c:v", "libx264", "-pix_fmt", "yuv420p"]);

        var all = await Clips.SampleAsync(path);
        var half = await Clips.SampleAsync(path, o => o.Count = 4);

        Assert.Equal([0, 0.1, 0.4, 0.9, 1.6, 2.5, 3.6, 4.9], all.Frames.Select(f => Math.Round(f.Seconds, 3)));
        Assert.Equal([0, 0.4, 1.6, 3.6], half.Frames.Select(f => Math.Round(f.Seconds, 3)));
        foreach (var frame in all.Frames) Picture.AssertColour(SampleClips.Colours[(int)Math.Round(Math.Sqrt(frame.Seconds * 10))], Picture.At(frame.Jpeg));
    }

    [Fact]
    public async Task Sample_WhenClipIsLong_SeeksToTheRightMoments()
    {
        // Grey level and time grow together: 0.1 a second, half an hour.
        var mp4 = await Clips.MakeAsync(folder["long.mp4"], "-f", "lavfi", "-i", "color=black:s=32x32:r=4:d=1800,format=yuv420p,geq=lum='16+N/40':cb=128:cr=128",
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "40");
        foreach (var path in new[] { mp4, await Clips.MakeAsync(folder["long.mkv"], "-i", mp4, "-c", "copy"), await Clips.MakeAsync(folder["long.ts"], "-i", mp4, "-c", "copy") })
        {
            var video = await Clips.SampleAsync(path);

            Assert.Equal(8, video.Frames.Count);
            Assert.Equal(1800, video.DurationSeconds!.Value, 1.0);
            foreach (var (i, frame) in video.Frames.Index())
            {
                Assert.Equal(1800 * (i + 0.5) / 8, frame.Seconds, 0.5);
                var grey = (byte)Math.Round(frame.Seconds * 4 / 40 * 255 / 219);
                Picture.AssertColour((grey, grey, grey), Picture.At(frame.Jpeg), tolerance: 4);
            }
        }
    }

    [Fact]
    public void Plan_WhenClipIsLong_DoesNotReadItFromTheBeginning()
    {
        var hour = new ProbedVideo(0, 1280, 720, 0, 3600, 108_000, Seeking.Exact);
        var clip = hour with { DurationSeconds = 10, Frames = 300 };

        Assert.IsType<SamplingPlan.Seeks>(SamplingPlan.ForLong(hour, 8));
        Assert.IsType<SamplingPlan.Seeks>(SamplingPlan.ForLong(hour with { Frames = null }, 8));
        Assert.Null(SamplingPlan.ForLong(clip, 8));
        Assert.Null(SamplingPlan.ForLong(hour with { DurationSeconds = null, Frames = null }, 8));
    }

    [Fact]
    public async Task Sample_WhenHalfOfTheFileIsMissing_TakesTheFramesThatAreThere()
    {
        var video = await Clips.SampleAsync(await SampleClips.TruncatedAfterIndexAsync(Clips.Token));

        Assert.NotEmpty(video.Frames);
        Assert.InRange(video.Frames[^1].Seconds, 0, 7);
        foreach (var frame in video.Frames) Picture.AssertColour(SampleClips.Colours[(int)frame.Seconds], Picture.At(frame.Jpeg));
    }

    [Fact]
    public async Task Sample_WhenPictureIsOnePixel_TakesIt()
    {
        var video = await Clips.SampleAsync(await SampleClips.OnePixelAsync(Clips.Token));

        Assert.Equal((1, 1), Picture.Size(video.Frames[0].Jpeg));
        Picture.AssertColour((255, 0, 0), Picture.At(video.Frames[0].Jpeg));
    }

    [Fact]
    public async Task Sample_WhenPictureIsLargerThanKept_ScalesItDownInProportion()
    {
        var video = await Clips.SampleAsync(await SampleClips.ColoursAsync(Clips.Token), o => (o.MaxSide, o.Count) = (100, 1));

        Assert.Equal((100, 75), (video.Frames[0].Width, video.Frames[0].Height));
        Assert.Equal((100, 75), Picture.Size(video.Frames[0].Jpeg));
        Assert.Equal((320, 240), (video.Width, video.Height));
    }

    [Fact]
    public async Task Sample_WhenALyingPictureIsLargerThanKept_GivesTheSizeOfTheUprightOne()
    {
        var video = await Clips.SampleAsync(await SampleClips.RotatedAsync(Clips.Token), o => (o.MaxSide, o.Count) = (160, 2));

        Assert.Equal((240, 320), (video.Width, video.Height));
        Assert.All(video.Frames, f => Assert.Equal((120, 160), (f.Width, f.Height)));
    }

    [Theory]
    [InlineData("yuv444p10le", "libx265", "deep.mp4")]
    [InlineData("gray", "ffv1", "gray.mkv")]
    [InlineData("rgba", "png", "alpha.mov")]
    public async Task Sample_WhenPixelFormatIsUnusual_TakesItsColoursRight(string format, string codec, string name)
    {
        var path = await Clips.MakeAsync(folder[name], "-f", "lavfi", "-i", "color=white:s=64x48:r=5:d=1", "-vf", $"format={format},scale=63:47,setsar=4/3", "-c:v", codec);

        var video = await Clips.SampleAsync(path, o => o.Count = 2);

        Assert.Equal((63, 47), Picture.Size(video.Frames[0].Jpeg)); // As stored; the shape of a pixel is left to players.
        Picture.AssertColour((255, 255, 255), Picture.At(video.Frames[0].Jpeg));
    }

    [Fact]
    public async Task Sample_WhenColoursAreThoseOfHighDefinition_KeepsThem()
    {
        var path = await Clips.MakeAsync(folder["hd.mp4"], "-f", "lavfi", "-i", "color=0x40c020:s=64x64:r=5:d=1", "-vf", "scale=out_color_matrix=bt709",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-c:v", "libx264", "-pix_fmt", "yuv420p");

        var video = await Clips.SampleAsync(path, o => o.Count = 1);

        Picture.AssertColour((0x40, 0xc0, 0x20), Picture.At(video.Frames[0].Jpeg), tolerance: 10);
    }

    [Theory]
    [InlineData("film.txt")]
    [InlineData("100% 'odd' [name]; %d.mp4")]
    public async Task Sample_WhenTheNameIsWrongOrOdd_GoesByTheBytes(string name)
    {
        File.Copy(await SampleClips.ColoursAsync(Clips.Token), folder[name]);

        Assert.Equal(8, (await Clips.SampleAsync(folder[name])).Frames.Count);
    }
}
