using System.Text.Json;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class ReferenceRegionFileTests
{
    [Fact]
    public void Read_OfPublishedFiles_GivesTheArraysNumpyWrote()
    {
        foreach (var entry in GoldenCase.Open("06_region_reader").Expected.GetProperty("raw_contents").EnumerateObject())
        {
            var frame = ReferenceRegionFile.Read(GoldenCase.Path_("npz", entry.Name + ".npz"), 3);
            var info = entry.Value.GetProperty("info");
            Assert.Equal((3, info.GetProperty("image_w").GetInt32(), info.GetProperty("image_h").GetInt32()), (frame.FrameIndex, frame.Width, frame.Height));
            Assert.Equal(info.GetProperty("objects_id").EnumerateArray().Select(i => i.GetInt32()), frame.ClassIds);
            Assert.Equal(info.GetProperty("objects_conf").EnumerateArray().Select(i => i.GetSingle()), frame.ClassConfidences);
            Assert.Equal(info.GetProperty("attrs_id").EnumerateArray().Select(i => i.GetInt32()), frame.AttributeIds);
            Assert.Equal(info.GetProperty("attrs_conf").EnumerateArray().Select(i => i.GetSingle()), frame.AttributeConfidences);
            Assert.Equal(entry.Value.GetProperty("x_sum").GetDouble(), frame.Features.Sum(x => (double)x), 1e-6);
            Assert.Equal(entry.Value.GetProperty("bbox_sum").GetDouble(), frame.Boxes.Sum(x => (double)x), 1e-6);
        }
    }

    [Fact]
    public void ObjectInput_OfPublishedFiles_IsThePublishedTensorBitForBit()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("06_region_reader");
        var checkedReads = 0;
        foreach (var read in golden.Expected.GetProperty("reads").EnumerateObject())
        {
            var regions = read.Value.GetProperty("object_num").GetInt32();
            var path = read.Value.GetProperty("path").GetString()!;
            var frames = read.Value.TryGetProperty("frame_indices", out var indices) ? Frames(path, indices) : All(path);
            var config = new ObjectTransformerConfig { FeatureDim = frames[0].Features.Length / frames[0].ClassIds.Length, ObjectNum = regions, NumFrames = read.Value.TryGetProperty("num_frames", out var wanted) ? wanted.GetInt32() : frames.Length };

            var input = ObjectInput.Create(frames, config);

            Assert.Equal(golden.Out(read.Name + ".object").data<float>().ToArray(), input.Values);
            Assert.Equal(golden.Out(read.Name + ".mask").data<double>().ToArray(), input.Mask.Select(m => (double)m));
            Assert.Equal(read.Value.GetProperty("lens").EnumerateArray().Select(l => l.GetInt32()), input.Mask.Chunk(regions).Select(f => (int)f.Sum()));
            checkedReads++;
        }
        Assert.Equal(11, checkedReads);
    }

    [Fact]
    public void Read_OfABrokenOrCutFile_Refuses()
    {
        Assert.Equal("region-file-malformed", Assert.Throws<ModelFormatException>(() => ReferenceRegionFile.Read(GoldenCase.Path_("npz", "broken", "0.npz"), 0)).Code);
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(GoldenCase.Path_("npz", "video_a", "1.npz"));
        for (var length = 0; length < whole.Length; length += 53)
        {
            File.WriteAllBytes(folder.File("cut.npz"), whole[..length]);
            Assert.Throws<ModelFormatException>(() => ReferenceRegionFile.Read(folder.File("cut.npz"), 0));
        }
        // Any byte may be wrong: the reader refuses or reads, but never fails in another way.
        for (var position = 0; position < whole.Length; position += 7)
        {
            var damaged = (byte[])whole.Clone();
            damaged[position] ^= 0x55;
            File.WriteAllBytes(folder.File("cut.npz"), damaged);
            var fault = Record.Exception(() => ReferenceRegionFile.Read(folder.File("cut.npz"), 0));
            Assert.True(fault is null or ModelFormatException, $"byte {position}: {fault}");
        }
    }

    private static FrameRegions[] Frames(string path, JsonElement indices) => path.EndsWith(".npz", StringComparison.Ordinal)
        ? [ReferenceRegionFile.Read(GoldenCase.Path_(path), 0)]
        : [.. indices.EnumerateArray().Select(i => i.GetInt32()).Order().Select(i => ReferenceRegionFile.Read(GoldenCase.Path_(path, $"{i}.npz"), i))];

    private static FrameRegions[] All(string path) =>
        [.. Enumerable.Range(0, Directory.GetFiles(GoldenCase.Path_(path)).Length).Select(i => ReferenceRegionFile.Read(GoldenCase.Path_(path, $"{i}.npz"), i))];
}
