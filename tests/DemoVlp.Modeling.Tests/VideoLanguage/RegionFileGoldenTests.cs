using System.Text.Json;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed class RegionFileGoldenTests
{
    [Theory, GoldenCases("06_region_reader")]
    public void RegionFiles_AsPublished_GiveTheirArraysAndTheModelsInputBitForBit(string name) => GoldenCase.Verify(name, golden =>
    {
        if (golden.Expect("raw_contents") is { } contents)
            foreach (var entry in contents.EnumerateObject()) CheckContents(golden, entry);
        foreach (var read in golden.Expect("reads")!.Value.EnumerateObject()) CheckRead(golden, read);
        if (golden.Expect("failures") is { } failures)
            foreach (var failure in failures.EnumerateObject()) CheckFailure(golden, failure.Name);
    });

    [Theory, GoldenCases("06_frame_sampling")]
    public void FrameSampling_ForEveryPublishedPair_TakesThePublishedFrames(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var row in golden.Expect("table")!.Value.EnumerateArray())
        {
            var (wanted, available) = (row.GetProperty("num_frames").GetInt32(), row.GetProperty("available").GetInt32());
            golden.SameList($"{wanted} of {available}", row.GetProperty("uniform").EnumerateArray().Select(f => f.GetInt32()), FrameSampling.Uniform(available, wanted));
            var bins = row.GetProperty("intervals").EnumerateArray().Select(b => (First: b[0].GetInt32(), Last: b[1].GetInt32())).ToArray();
            golden.Same($"{wanted} of {available}: a bin of one", row.GetProperty("rand_fails").GetBoolean(), bins.Any(b => b.First == b.Last));
            var draws = 40 * bins.Max(b => b.Last - b.First + 1); // Enough to see every frame of the largest bin.
            var drawn = Enumerable.Range(0, draws).Select(seed => FrameSampling.Random(available, wanted, new Random(seed))).ToList();
            for (var i = 0; i < bins.Length; i++)
            {
                golden.Same($"{wanted} of {available}: a frame outside bin {i}", false, drawn.Any(d => d[i] < bins[i].First || d[i] > bins[i].Last));
                // The published code never draws a bin's last frame.
                golden.Same($"{wanted} of {available}: the last frame of bin {i}", true, drawn.Any(d => d[i] == bins[i].Last));
            }
        }
    });

    private static void CheckContents(GoldenCase golden, JsonProperty entry)
    {
        var frame = ReferenceRegionFile.Read(GoldenSet.File_("npz", entry.Name + ".npz"), 3);
        var info = entry.Value.GetProperty("info");
        golden.Same(entry.Name, (3, info.GetProperty("image_w").GetInt32(), info.GetProperty("image_h").GetInt32()), (frame.FrameIndex, frame.Width, frame.Height));
        golden.Same($"{entry.Name} boxes", info.GetProperty("num_boxes").GetInt32(), frame.Count);
        golden.SameList($"{entry.Name} objects_id", info.GetProperty("objects_id").EnumerateArray().Select(i => i.GetInt32()), frame.ClassIds);
        golden.SameList($"{entry.Name} objects_conf", info.GetProperty("objects_conf").EnumerateArray().Select(i => i.GetSingle()), frame.ClassConfidences);
        golden.SameList($"{entry.Name} attrs_id", info.GetProperty("attrs_id").EnumerateArray().Select(i => i.GetInt32()), frame.AttributeIds);
        golden.SameList($"{entry.Name} attrs_conf", info.GetProperty("attrs_conf").EnumerateArray().Select(i => i.GetSingle()), frame.AttributeConfidences);
        golden.Near($"{entry.Name} x", entry.Value.GetProperty("x_sum"), frame.Features.Sum(x => (double)x), 1e-6);
        golden.Near($"{entry.Name} bbox", entry.Value.GetProperty("bbox_sum"), frame.Boxes.Sum(x => (double)x), 1e-6);
    }

    private static void CheckRead(GoldenCase golden, JsonProperty read)
    {
        var regions = read.Value.GetProperty("object_num").GetInt32();
        var path = read.Value.GetProperty("path").GetString()!;
        var frames = read.Value.TryGetProperty("frame_indices", out var indices) ? Frames(path, indices) : All(path);
        var config = new ObjectTransformerConfig
        {
            FeatureDim = frames[0].Features.Length / frames[0].ClassIds.Length, ObjectNum = regions,
            NumFrames = read.Value.TryGetProperty("num_frames", out var wanted) ? wanted.GetInt32() : frames.Length,
        };
        var input = ObjectInput.Create(frames, config);
        golden.Check(read.Name + ".object", TorchSharp.torch.tensor(input.Values, [input.Frames, regions, config.FeatureDim + ObjectTransformerConfig.PositionDim]));
        golden.Check(read.Name + ".mask", TorchSharp.torch.tensor(input.Mask, [input.Frames, regions]));
        golden.SameList($"{read.Name} lens", read.Value.GetProperty("lens").EnumerateArray().Select(l => l.GetInt32()), input.Mask.Chunk(regions).Select(f => (int)f.Sum()));
    }

    /// <summary>Where the published reader fails, ours does, with a code that says why; it never takes another sample instead.</summary>
    private static void CheckFailure(GoldenCase golden, string kind)
    {
        var (path, code) = kind switch
        {
            "missing_frame" => (GoldenSet.File_("npz", "video_a", "9999.npz"), "feature-missing"),
            "missing_directory" => (GoldenSet.File_("npz", "no-such-video", "0.npz"), "feature-missing"),
            "broken_file" => (GoldenSet.File_("npz", "broken", "0.npz"), "region-file-malformed"),
            _ => ("", ""),
        };
        golden.Same(kind, code, (Record.Exception(() => ReferenceRegionFile.Read(path, 0)) as ModelFormatException)?.Code ?? "no failure");
    }

    private static FrameRegions[] Frames(string path, JsonElement indices) => path.EndsWith(".npz", StringComparison.Ordinal)
        ? [ReferenceRegionFile.Read(GoldenSet.File_(path), 0)]
        : [.. indices.EnumerateArray().Select(i => i.GetInt32()).Order().Select(i => ReferenceRegionFile.Read(GoldenSet.File_(path, $"{i}.npz"), i))];

    private static FrameRegions[] All(string path) =>
        [.. Enumerable.Range(0, Directory.GetFiles(GoldenSet.File_(path)).Length).Select(i => ReferenceRegionFile.Read(GoldenSet.File_(path, $"{i}.npz"), i))];
}
