using System.Text;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.Serialization;

namespace DemoVlp.Modeling.Tests.Regions;

public sealed class RegionFileTests
{
    private static RegionFile Sample(int seed)
    {
        var random = new Random(seed);
        var dim = random.Next(1, 9);
        var index = 0;
        var frames = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Frame(random, index += random.Next(1, 4), dim)).ToArray();
        return new RegionFile("tiny-frcn", new string('a', 64), dim, frames);
    }

    private static FrameRegions Frame(Random random, int index, int dim)
    {
        var count = random.Next(1, 7);
        var boxes = new float[count * 4];
        for (var i = 0; i < count; i++)
        {
            (boxes[4 * i], boxes[4 * i + 1]) = (random.NextSingle() * 100, random.NextSingle() * 100);
            (boxes[4 * i + 2], boxes[4 * i + 3]) = (boxes[4 * i] + random.NextSingle() * 100, boxes[4 * i + 1] + random.NextSingle() * 100);
        }
        float[] Some(int n, float scale) => [.. Enumerable.Range(0, n).Select(_ => random.NextSingle() * scale)];
        int[] Ids(int n) => [.. Enumerable.Range(0, n).Select(_ => random.Next(1600))];
        // A negative zero and a subnormal show that values are kept bit for bit.
        var features = Some(count * dim, 1e20f);
        features[0] = random.Next(2) == 0 ? -0f : float.Epsilon;
        return new FrameRegions(index, index * 0.7, 320, 240, features, boxes, Ids(count), Some(count, 1), Ids(count), Some(count, 1));
    }

    private static byte[] Bytes(RegionFile file)
    {
        using var stream = new MemoryStream();
        file.Save(stream);
        return stream.ToArray();
    }

    private static RegionFile Load(byte[] bytes) => RegionFile.Load(new MemoryStream(bytes));

    [Fact]
    public void Load_OfWhatWasSaved_GivesEveryBitBack()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var file = Sample(seed);
            var bytes = Bytes(file);
            var loaded = Load(bytes);
            Assert.Equal((file.Detector, file.DetectorHash, file.FeatureDim), (loaded.Detector, loaded.DetectorHash, loaded.FeatureDim));
            Assert.Equal(file.Frames.Count, loaded.Frames.Count);
            foreach (var (a, b) in file.Frames.Zip(loaded.Frames))
            {
                Assert.Equal((a.FrameIndex, a.TimestampSeconds, a.Width, a.Height, a.Count), (b.FrameIndex, b.TimestampSeconds, b.Width, b.Height, b.Count));
                Assert.Equal(a.Features.Select(BitConverter.SingleToInt32Bits), b.Features.Select(BitConverter.SingleToInt32Bits));
                Assert.Equal(a.Boxes, b.Boxes);
                Assert.Equal(a.ClassIds, b.ClassIds);
                Assert.Equal(a.ClassConfidences, b.ClassConfidences);
                Assert.Equal(a.AttributeIds, b.AttributeIds);
                Assert.Equal(a.AttributeConfidences, b.AttributeConfidences);
            }
            Assert.Equal(bytes, Bytes(loaded));
        }
    }

    [Fact]
    public void Save_OfTheSameContent_GivesTheSameBytes() => Assert.Equal(Bytes(Sample(3)), Bytes(Sample(3)));

    [Fact]
    public void Load_WhenAnyByteIsChangedOrTheFileIsCut_FailsClearlyOrKeepsEveryPromise()
    {
        var bytes = Bytes(Sample(1));
        var random = new Random(5);
        var refused = 0;
        for (var trial = 0; trial < 4000; trial++)
        {
            var mutant = bytes.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--) mutant[random.Next(mutant.Length)] = (byte)random.Next(256);
            if (trial % 4 == 0) mutant = mutant[..random.Next(mutant.Length)];
            try
            {
                var loaded = Load(mutant);
                Assert.All(loaded.Frames, frame =>
                {
                    Assert.Equal(frame.Count * loaded.FeatureDim, frame.Features.Length);
                    Assert.True(frame.Count > 0 && frame.Features.All(float.IsFinite) && frame.Boxes.All(float.IsFinite));
                });
            }
            catch (ModelFormatException e)
            {
                refused++;
                Assert.NotEmpty(e.Code);
            }
        }
        Assert.True(refused > 1000, $"Only {refused} of 4000 damaged files were refused.");
    }

    public static TheoryData<string> Wrongs => [.. Wrong.Keys];

    private static readonly Dictionary<string, Func<FrameRegions, FrameRegions>> Wrong = new()
    {
        ["a NaN feature"] = f => f with { Features = [float.NaN, .. f.Features[1..]] },
        ["an infinite box"] = f => f with { Boxes = [.. f.Boxes[..3], float.PositiveInfinity, .. f.Boxes[4..]] },
        ["swapped corners"] = f => f with { Boxes = [500, .. f.Boxes[1..]] },
        ["a confidence over 1"] = f => f with { ClassConfidences = [1.5f, .. f.ClassConfidences[1..]] },
        ["a NaN confidence"] = f => f with { AttributeConfidences = [float.NaN, .. f.AttributeConfidences[1..]] },
        ["a negative class"] = f => f with { ClassIds = [-1, .. f.ClassIds[1..]] },
        ["a negative attribute"] = f => f with { AttributeIds = [-1, .. f.AttributeIds[1..]] },
        ["a negative index"] = f => f with { FrameIndex = -1 },
        ["a time without end"] = f => f with { TimestampSeconds = double.PositiveInfinity },
        ["no width"] = f => f with { Width = 0 },
        ["too few features"] = f => f with { Features = f.Features[1..] },
        ["no regions"] = f => f with { Features = [], Boxes = [], ClassIds = [], ClassConfidences = [], AttributeIds = [], AttributeConfidences = [] },
    };

    [Theory]
    [MemberData(nameof(Wrongs))]
    public void RegionFile_WhenAFrameHolds_IsRefusedInWords(string wrong)
    {
        var file = Sample(2);
        var frames = file.Frames.ToArray();
        frames[0] = Wrong[wrong](frames[0]);
        var e = Assert.Throws<ModelFormatException>(() => new RegionFile(file.Detector, file.DetectorHash, file.FeatureDim, frames));
        Assert.Equal("region-file-invalid", e.Code);
    }

    [Fact]
    public void RegionFile_WhenFramesAreOutOfOrderOrMissing_IsRefused()
    {
        var file = Sample(2);
        Assert.Throws<ModelFormatException>(() => new RegionFile("d", "h", file.FeatureDim, []));
        Assert.Throws<ModelFormatException>(() => new RegionFile("d", "h", file.FeatureDim, [file.Frames[0], file.Frames[0]]));
        Assert.Throws<ModelFormatException>(() => new RegionFile("", "h", file.FeatureDim, file.Frames));
    }

    [Fact]
    public void Load_WhenCountsPromiseMoreThanTheFileHolds_SaysSoWithoutReservingMemory()
    {
        using var stream = new MemoryStream();
        new SafetensorsWriter()
            .AddMetadata("format", "demovlp-regions").AddMetadata("version", "1").AddMetadata("detector", "d").AddMetadata("detector_sha256", "h")
            .Add("region_counts", Enumerable.Repeat(10_000, 300_000).ToArray(), 300_000)
            .Add("features", new float[8], 2, 4)
            .Write(stream);
        var e = Assert.Throws<ModelFormatException>(() => Load(stream.ToArray()));
        Assert.Equal("region-file-invalid", e.Code);
    }

    [Fact]
    public void Load_OfALaterVersion_SaysWhichIsKnown()
    {
        var text = Encoding.Latin1.GetString(Bytes(Sample(1))).Replace("\"version\":\"1\"", "\"version\":\"2\"");
        var e = Assert.Throws<ModelFormatException>(() => Load(Encoding.Latin1.GetBytes(text)));
        Assert.Contains("\"2\"", e.Message);
    }
}
