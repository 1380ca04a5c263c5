using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using TorchSharp;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

public sealed class RegionExtractorTests : IClassFixture<RegionExtractorTests.Tiny>
{
    private readonly RegionExtractor extractor, asOnGpu;

    public RegionExtractorTests(Tiny tiny) => (extractor, asOnGpu) = (tiny.Extractor, tiny.AsOnGpu);

    /// <summary>The random small detector that a fresh installation starts with.</summary>
    public sealed class Tiny : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public Tiny()
        {
            DetectorDirectory.CreateTiny(folder.Path, ["circle", "square", "triangle", "star", "cross", "ring", "heart", "hexagon"],
                ["red", "green", "blue", "yellow", "purple", "orange", "cyan", "white"], seed: 7);
            Extractor = RegionExtractor.Load(folder.Path, "cpu");
            AsOnGpu = RegionExtractor.Load(folder.Path, "cpu");
            AsOnGpu.OnHost = false;
        }

        public RegionExtractor Extractor { get; }

        public RegionExtractor AsOnGpu { get; }

        public void Dispose()
        {
            Extractor.Dispose();
            AsOnGpu.Dispose();
            folder.Dispose();
        }
    }

    private static FrameImage Picture(int width, int height, int seed, int index = 0)
    {
        // Coloured discs on a gradient: enough structure for proposals to differ.
        var random = new Random(seed);
        var bgr = new byte[width * height * 3];
        var discs = Enumerable.Range(0, 5).Select(_ => (X: random.Next(width), Y: random.Next(height), R: random.Next(3, 60), C: random.Next(1 << 24))).ToArray();
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var color = (x * 255 / width) << 8 | (y * 255 / height);
                foreach (var d in discs) if ((x - d.X) * (x - d.X) + (y - d.Y) * (y - d.Y) < d.R * d.R) color = d.C;
                for (var c = 0; c < 3; c++) bgr[(y * width + x) * 3 + c] = (byte)(color >> (8 * c));
            }
        }
        return new FrameImage(index, index * 0.5, width, height, bgr);
    }

    [Fact]
    public void Extract_WhenFramesOfSeveralSizesAreMixed_GivesWhatOneByOneGives()
    {
        FrameImage[] frames = [Picture(160, 120, 1, 0), Picture(160, 120, 2, 1), Picture(160, 120, 3, 2), Picture(100, 90, 4, 3), Picture(160, 120, 5, 4), Picture(100, 90, 6, 5)];
        var together = extractor.Extract(frames, 3);
        var alone = frames.Select(f => extractor.Extract([f], 1)[0]).ToArray();
        Assert.Equal(frames.Select(f => (f.FrameIndex, f.TimestampSeconds, f.Width, f.Height)), together.Select(f => (f.FrameIndex, f.TimestampSeconds, f.Width, f.Height)));
        foreach (var (a, b) in alone.Zip(together))
        {
            Assert.Equal(a.ClassIds, b.ClassIds);
            Assert.Equal(a.AttributeIds, b.AttributeIds);
            Assert.Equal(a.Boxes, b.Boxes);
            Assert.Equal(a.Features, b.Features);
            Assert.Equal(a.ClassConfidences, b.ClassConfidences);
            Assert.Equal(a.AttributeConfidences, b.AttributeConfidences);
        }
    }

    [Fact]
    public void Extract_WhenFramesGoThroughTheNetworkTogether_FindsTheSameRegions()
    {
        FrameImage[] frames = [Picture(160, 120, 1, 0), Picture(160, 120, 2, 1), Picture(100, 90, 4, 2), Picture(160, 120, 5, 3)];
        foreach (var (a, b) in extractor.Extract(frames, 3).Zip(asOnGpu.Extract(frames, 3)))
        {
            Assert.Equal(a.ClassIds, b.ClassIds);
            Assert.Equal(a.AttributeIds, b.AttributeIds);
            foreach (var (one, other) in new[] { (a.Boxes, b.Boxes), (a.Features, b.Features), (a.ClassConfidences, b.ClassConfidences), (a.AttributeConfidences, b.AttributeConfidences) })
                Assert.All(one.Zip(other), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * Math.Max(1, Math.Abs(pair.First))));
        }
    }

    [Fact]
    public void DetectorHash_WhenItComputesInBFloat16_IsAnother()
    {
        using var folder = new TemporaryFolder();
        DetectorDirectory.CreateTiny(folder.Path, ["circle"], ["red"], seed: 1);
        using var exact = RegionExtractor.Load(folder.Path, "cpu");
        using var rounded = RegionExtractor.Load(folder.Path, "cpu", ComputePrecision.BFloat16);

        Assert.Equal(DetectorDirectory.HashOf(folder.Path), exact.DetectorHash);
        Assert.Matches("^[0-9a-f]{64}$", rounded.DetectorHash);
        Assert.NotEqual(exact.DetectorHash, rounded.DetectorHash); // So that regions of the one are never taken for those of the other.
    }

    [Theory]
    [InlineData(RegionPooler.RoiPool, 2)]
    [InlineData(RegionPooler.RoiPool, 1)]
    [InlineData(RegionPooler.RoiAlign, 1)]
    [InlineData(RegionPooler.RoiAlignLegacy, 2)]
    public void Extract_InBFloat16_DescribesTheSameBoxesAlmostAlike(RegionPooler pooler, int dilation)
    {
        using var folder = new TemporaryFolder();
        DetectorDirectory.CreateRandom(folder.Path, DetectorConfig.Tiny with { NumClasses = 2, NumAttrs = 2, Pooler = pooler, Res5Dilation = dilation }, ["circle"], ["red"], seed: 1);
        using var exact = RegionExtractor.Load(folder.Path, "cpu");
        using var rounded = RegionExtractor.Load(folder.Path, "cpu", ComputePrecision.BFloat16);
        var picture = Picture(160, 120, 1);

        AssertUsable(rounded.Extract([picture, Picture(160, 120, 2)], 2)[1]);
        var expected = exact.Extract([picture], 1)[0];
        var actual = rounded.Describe(picture, expected.Boxes);

        using var scope = NewDisposeScope();
        using var similarity = nn.functional.cosine_similarity(tensor(expected.Features).view(expected.Count, -1), tensor(actual.Features).view(expected.Count, -1), 1);
        Assert.InRange(similarity.min().item<float>(), 0.999f, 1.0001f);
        Assert.NotEqual(expected.Features, actual.Features);
    }

    [Fact]
    public void Extract_OfOnePicture_KeepsTheBoundsThatTheConfigurationPromises()
    {
        var frame = extractor.Extract([Picture(320, 240, 1)], 1)[0];
        Assert.InRange(frame.Count, 10, 30);
        Assert.Equal(256, extractor.FeatureDim);
        AssertUsable(frame);
        for (var i = 0; i < frame.Count; i++)
        {
            Assert.InRange(frame.Boxes[4 * i], 0, 320);
            Assert.InRange(frame.Boxes[4 * i + 3], 0, 240);
        }
    }

    [Theory]
    [InlineData(12)]
    [InlineData(36)]
    public void Extract_WhenTheConfigurationFixesTheNumberOfRegions_GivesThatMany(int count)
    {
        using var folder = new TemporaryFolder();
        DetectorDirectory.CreateRandom(folder.Path, DetectorConfig.Tiny with { NumClasses = 2, NumAttrs = 2, MinBoxes = count, MaxBoxes = count }, ["circle"], ["red"], seed: 1);
        using var fixedCount = RegionExtractor.Load(folder.Path, "cpu");

        Assert.All(fixedCount.Extract([Picture(320, 240, 1), Picture(160, 120, 2)], 1), frame => Assert.Equal(count, frame.Count));
    }

    [Fact]
    public void Extract_OfDifferentPictures_GivesFeaturesThatTellThemApart()
    {
        var frames = extractor.Extract([Picture(320, 240, 1), Picture(320, 240, 2), Picture(320, 240, 1)], 3);
        Assert.Equal(frames[0].Features, frames[2].Features);
        Assert.NotEqual(frames[0].Features, frames[1].Features);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2000)]
    [InlineData(2000, 1)]
    [InlineData(3, 800)]
    [InlineData(16, 16)]
    [InlineData(31, 7)]
    public void Extract_OfAnExtremePicture_StillGivesARegion(int width, int height)
    {
        foreach (var either in new[] { extractor, asOnGpu })
        {
            var frame = either.Extract([Picture(width, height, 1)], 1)[0];
            Assert.True(frame.Count >= 1);
            AssertUsable(frame);
        }
    }

    [Fact]
    public void Extract_OfNoFrames_GivesNone() => Assert.Empty(extractor.Extract([], 4));

    [Fact]
    public void Extract_WhenBytesDoNotFitTheSize_SaysSo()
    {
        foreach (var frame in new[] { new FrameImage(0, 0, 4, 4, new byte[47]), new FrameImage(0, 0, 0, 4, []), new FrameImage(0, 0, -1, -1, new byte[3]) })
            Assert.Equal("frame-invalid", Assert.Throws<DetectorException>(() => extractor.Extract([frame], 1)).Code);
    }

    [Fact]
    public void Describe_OfUnusableBoxes_SaysSo()
    {
        foreach (var boxes in new[] { [], [1f, 2, 3], new[] { float.NaN, 0, 1, 1 }, [5f, 0, 1, 1], [0f, 0, float.PositiveInfinity, 1] })
            Assert.Equal("boxes-invalid", Assert.Throws<DetectorException>(() => extractor.Describe(Picture(40, 30, 1), boxes)).Code);
    }

    [Fact]
    public void Describe_OfFoundBoxes_KeepsThemInOrder()
    {
        var picture = Picture(320, 240, 3);
        var found = extractor.FindBoxes(picture);
        Assert.Equal(found.Confidences.OrderDescending(), found.Confidences);
        var described = extractor.Describe(picture, found.Boxes);
        Assert.Equal(found.Boxes, described.Boxes);
        AssertUsable(described);
    }

    [Fact]
    public void Load_OfADeviceThatIsNotThere_SaysSo()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("device-unavailable", Assert.Throws<ComputeDeviceException>(() => RegionExtractor.Load(folder.Path, "abacus")).Code);
        Assert.Equal("device-unavailable", Assert.Throws<ComputeDeviceException>(() => RegionExtractor.Load(folder.Path, "cuda:200")).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Extract_TenTimes_LeavesNoTensorBehind(bool onHost)
    {
        var either = onHost ? extractor : asOnGpu;
        FrameImage[] frames = [Picture(120, 90, 1), Picture(120, 90, 2)];
        either.Extract(frames, 2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 10; i++)
        {
            either.Extract(frames, 2);
            either.Describe(frames[0], either.FindBoxes(frames[0]).Boxes);
        }
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static void AssertUsable(FrameRegions frame) => _ = new RegionFile("d", "h", frame.Features.Length / frame.Count, [frame]);
}
