using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.Tests.Detection;
using DemoVlp.Modeling.Tests.Serialization;
using DemoVlp.Modeling.VideoLanguage.Import;
using FsCheck;
using FsCheck.Fluent;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class ReferenceRegionFileWritingTests
{
    private const string NumpyHint = "No python3 with numpy is installed (Debian: apt-get install python3-numpy).";

    [Fact]
    public void Write_OfAnyFrame_IsReadBackBitForBit() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var frame = Frame(new Random(seed));
            using var stream = new MemoryStream();
            ReferenceRegionFile.Write(stream, frame);
            stream.Position = 0;
            Same(frame, ReferenceRegionFile.ReadStream(stream, frame.FrameIndex, frame.TimestampSeconds));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void Write_OfTheSameFrame_GivesTheSameBytes()
    {
        byte[] Bytes()
        {
            using var stream = new MemoryStream();
            ReferenceRegionFile.Write(stream, Frame(new Random(1)));
            return stream.ToArray();
        }
        Assert.Equal(Bytes(), Bytes());
    }

    [Fact]
    [Trait("Category", "parity")]
    public void Write_OfAReadFile_HasTheEntriesOfThePublishedOne()
    {
        using var folder = new TemporaryFolder();
        var published = Path.Combine(DetectorGoldens.Folder, "expected.npz");
        ReferenceRegionFile.Write(folder.File("ours.npz"), ReferenceRegionFile.Read(published, 0), "image");
        using var theirs = ZipFile.OpenRead(published);
        using var ours = ZipFile.OpenRead(folder.File("ours.npz"));
        Assert.Equal(theirs.Entries.Select(e => e.FullName), ours.Entries.Select(e => e.FullName));
        foreach (var (their, our) in theirs.Entries.Zip(ours.Entries).Where(e => e.First.FullName != "info.npy")) Assert.Equal((their.FullName, their.Length, their.Crc32), (our.FullName, our.Length, our.Crc32));
    }

    [Fact]
    public async Task Write_IsReadByNumpy()
    {
        using var folder = new TemporaryFolder();
        var frame = Frame(new Random(5));
        ReferenceRegionFile.Write(folder.File("ours.npz"), frame, "clip_5");
        var read = JsonDocument.Parse(await Numpy("""
            import sys, json, numpy as np
            f = np.load(sys.argv[1], allow_pickle=True)
            info = f['info'].item()
            print(json.dumps({
                'arrays': {k: [str(f[k].dtype), list(f[k].shape)] for k in f.files},
                'values': {k: np.ravel(f[k]).astype(float).tolist() for k in f.files if k != 'info'},
                'info': {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in info.items()},
                'types': {k: str(v.dtype) for k, v in info.items() if isinstance(v, np.ndarray)},
                'writable': all(v.flags.writeable for v in info.values() if isinstance(v, np.ndarray)),
            }))
            """, folder.File("ours.npz"))).RootElement;
        var (count, dim) = (frame.Count, frame.Features.Length / frame.Count);
        Assert.Equal($$"""{"x": ["float32", [{{count}}, {{dim}}]], "bbox": ["float32", [{{count}}, 4]], "num_bbox": ["int64", []], "image_h": ["int64", []], "image_w": ["int64", []], "info": ["object", []]}""", read.GetProperty("arrays").GetRawText());
        Assert.Equal(frame.Features, read.GetProperty("values").GetProperty("x").EnumerateArray().Select(v => v.GetSingle()));
        Assert.Equal(frame.Boxes, read.GetProperty("values").GetProperty("bbox").EnumerateArray().Select(v => v.GetSingle()));
        var info = read.GetProperty("info");
        Assert.Equal(("clip_5", frame.Width, frame.Height, count), (info.GetProperty("image_id").GetString(), info.GetProperty("image_w").GetInt32(), info.GetProperty("image_h").GetInt32(), info.GetProperty("num_boxes").GetInt32()));
        Assert.Equal(frame.ClassIds, info.GetProperty("objects_id").EnumerateArray().Select(v => v.GetInt32()));
        Assert.Equal(frame.ClassConfidences, info.GetProperty("objects_conf").EnumerateArray().Select(v => v.GetSingle()));
        Assert.Equal(frame.AttributeIds, info.GetProperty("attrs_id").EnumerateArray().Select(v => v.GetInt32()));
        Assert.Equal(frame.AttributeConfidences, info.GetProperty("attrs_conf").EnumerateArray().Select(v => v.GetSingle()));
        Assert.Equal("""{"objects_id": "int64", "objects_conf": "float32", "attrs_id": "int64", "attrs_conf": "float32"}""", read.GetProperty("types").GetRawText());
        Assert.True(read.GetProperty("writable").GetBoolean());
    }

    [Fact]
    public async Task WriteBoxes_IsReadByNumpyAndByUs()
    {
        using var folder = new TemporaryFolder();
        var frame = Frame(new Random(6));
        ReferenceRegionFile.WriteBoxes(folder.File("boxes.npz"), frame.Width, frame.Height, frame.Boxes);
        Assert.Equal(frame.Boxes, ReferenceRegionFile.ReadBoxes(folder.File("boxes.npz")));
        Assert.Equal($"bbox float32 ({frame.Count}, 4), num_bbox int64 () {frame.Count}, image_h int64 () {frame.Height}, image_w int64 () {frame.Width}", (await Numpy("""
            import sys, numpy as np
            f = np.load(sys.argv[1])
            print(', '.join(' '.join([k, str(f[k].dtype), str(f[k].shape)] + [str(f[k])] * (f[k].ndim == 0)) for k in f.files))
            """, folder.File("boxes.npz"))).Trim());
    }

    [Fact]
    public void ReadBoxes_OfAFileWithRegions_GivesTheirBoxesAndOfAnythingElseRefuses()
    {
        using var folder = new TemporaryFolder();
        var frame = Frame(new Random(7));
        ReferenceRegionFile.Write(folder.File("regions.npz"), frame);
        Assert.Equal(frame.Boxes, ReferenceRegionFile.ReadBoxes(folder.File("regions.npz")));
        File.WriteAllText(folder.File("text.npz"), "nothing of the kind");
        Assert.Equal("region-file-malformed", Assert.Throws<ModelFormatException>(() => ReferenceRegionFile.ReadBoxes(folder.File("text.npz"))).Code);
        Assert.Equal("feature-missing", Assert.Throws<ModelFormatException>(() => ReferenceRegionFile.ReadBoxes(folder.File("absent.npz"))).Code);
    }

    [Theory]
    [InlineData("savez")]
    [InlineData("savez_compressed")]
    public async Task Read_OfWhatNumpyWrites_GivesItsArrays(string save)
    {
        using var folder = new TemporaryFolder();
        await Numpy($$"""
            import sys, numpy as np
            n = 3
            info = {'image_id': 'a', 'image_h': np.int64(72), 'image_w': 96, 'num_boxes': n, 'objects_id': np.array([5, 0, 7]), 'objects_conf': np.array([.5, .25, .125], np.float32),
                    'attrs_id': np.array([1, 2, 3]), 'attrs_conf': np.array([1, .5, .75], np.float32), 'extra': {'deep': [set([1]), 1j, np.arange(3.0)]} }
            np.{{save}}(sys.argv[1], x=np.arange(n * 4, dtype=np.float32).reshape(n, 4), bbox=np.ones((n, 4), np.float32), num_bbox=n, image_h=72, image_w=96, info=info)
            """, folder.File("theirs.npz"));
        var frame = ReferenceRegionFile.Read(folder.File("theirs.npz"), 2, 1.5);
        Assert.Equal((2, 1.5, 96, 72), (frame.FrameIndex, frame.TimestampSeconds, frame.Width, frame.Height));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (float)i), frame.Features);
        Assert.Equal([5, 0, 7], frame.ClassIds);
        Assert.Equal([0.5f, 0.25f, 0.125f], frame.ClassConfidences);
        Assert.Equal([1, 2, 3], frame.AttributeIds);
    }

    [Fact]
    public void Read_OfArchivesThatLie_Refuses()
    {
        Assert.Equal("feature-missing", Assert.Throws<ModelFormatException>(() => ReferenceRegionFile.Read(CommittedGoldens.Regions("video_a", "9.npz"), 0)).Code);
        var honest = Honest();
        Assert.Null(Hostile.Regions(Archive(honest)));
        foreach (var missing in honest.Keys.Where(k => k is "x" or "bbox" or "info")) Refused(Archive(honest.Where(e => e.Key != missing).ToDictionary()), $"'{missing}' is missing");
        Refused(Archive(new(honest) { ["bbox"] = honest["x"] }), "do not belong together");
        Refused(Archive(new(honest) { ["info"] = honest["num_bbox"] }), "'info' is no dictionary");

        // A bomb: an entry that unpacks to more than any frame has.
        Refused(Archive(new(honest) { ["x"] = new byte[65 << 20] }), "damaged");
        // Directory entries that speak of other sizes, other places, encryption, another method.
        var whole = Archive(honest);
        var directory = whole.AsSpan().LastIndexOf("PK\x01\x02"u8);
        foreach (var (offset, value) in new (int, byte)[] { (8, 1), (10, 12), (10, 8), (16, 0x55), (23, 0x7f), (24, 1), (27, 0x7f), (42, 9), (45, 0x7f) })
        {
            var lying = (byte[])whole.Clone();
            lying[directory + offset] ^= value;
            Assert.True(Hostile.Regions(lying) is not null, $"offset {offset}");
        }
        // Two entries over the same bytes: 'bbox' is then what 'x' is.
        var overlapping = (byte[])whole.Clone();
        var entries = Enumerable.Range(0, whole.Length - 4).Where(i => whole.AsSpan(i, 4).SequenceEqual("PK\x01\x02"u8)).ToArray();
        whole.AsSpan(entries[0] + 42, 4).CopyTo(overlapping.AsSpan(entries[1] + 42));
        whole.AsSpan(entries[0] + 16, 12).CopyTo(overlapping.AsSpan(entries[1] + 16));
        Assert.NotNull(Hostile.Regions(overlapping));

        static void Refused(byte[] file, string why) => Assert.Contains(why, Hostile.Regions(file)?.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, byte[]> Honest()
    {
        using var stream = new MemoryStream();
        ReferenceRegionFile.Write(stream, Frame(new Random(3)));
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
        return archive.Entries.ToDictionary(e => e.Name[..^".npy".Length], e =>
        {
            using var content = e.Open();
            using var copy = new MemoryStream();
            content.CopyTo(copy);
            return copy.ToArray();
        });
    }

    private static byte[] Archive(Dictionary<string, byte[]> arrays)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in arrays)
            {
                using var entry = archive.CreateEntry(name + ".npy").Open();
                entry.Write(bytes);
            }
        }
        return stream.ToArray();
    }

    private static FrameRegions Frame(Random random)
    {
        var (count, dim) = (random.Next(1, 12), random.Next(1, 40));
        float[] Floats(int n, float scale) => [.. Enumerable.Range(0, n).Select(_ => random.NextSingle() * scale)];
        return new FrameRegions(random.Next(100), random.NextDouble(), random.Next(1, 5000), random.Next(1, 5000), Floats(count * dim, 20), Floats(count * 4, 1000),
            [.. Enumerable.Range(0, count).Select(_ => random.Next(1600))], Floats(count, 1), [.. Enumerable.Range(0, count).Select(_ => random.Next(400))], Floats(count, 1));
    }

    private static void Same(FrameRegions expected, FrameRegions actual)
    {
        Assert.Equal((expected.FrameIndex, expected.TimestampSeconds, expected.Width, expected.Height), (actual.FrameIndex, actual.TimestampSeconds, actual.Width, actual.Height));
        Assert.Equal(expected.Features, actual.Features);
        Assert.Equal(expected.Boxes, actual.Boxes);
        Assert.Equal(expected.ClassIds, actual.ClassIds);
        Assert.Equal(expected.ClassConfidences, actual.ClassConfidences);
        Assert.Equal(expected.AttributeIds, actual.AttributeIds);
        Assert.Equal(expected.AttributeConfidences, actual.AttributeConfidences);
    }

    /// <summary>Runs a script with one argument in the first python3 that has numpy (Debian's own may stand beside another), or skips the test.</summary>
    private static async Task<string> Numpy(string script, string argument)
    {
        foreach (var python in new[] { "/usr/bin/python3", "python3" })
            if (await Run(python, "import numpy") is not null) return await Run(python, script, argument) ?? throw new InvalidOperationException("The script failed in python3.");
        Assert.Skip(NumpyHint);
        return "";
    }

    private static async Task<string?> Run(string python, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return process.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // No such program.
        }
    }
}
