using System.Runtime.InteropServices;
using DemoVlp.Modeling.Serialization;

namespace DemoVlp.Modeling.Regions;

/// <summary>
/// The regions of every sampled frame of one video, kept as one safetensors file. The same content gives the same bytes.
/// </summary>
/// <remarks>
/// F frames, R regions in all, D feature values. Tensors: <c>features</c> [R, D] F32, <c>boxes</c> [R, 4] F32,
/// <c>class_ids</c>, <c>attribute_ids</c> [R] I32, <c>class_confidences</c>, <c>attribute_confidences</c> [R] F32,
/// <c>region_counts</c>, <c>frame_indices</c> [F] I32, <c>timestamps</c> [F] F64, <c>image_sizes</c> [F, 2] I32 (width, height).
/// Metadata: <c>format</c> ("demovlp-regions"), <c>version</c> ("1"), <c>detector</c>, <c>detector_sha256</c>.
/// What has been loaded, and what can be saved, holds: at least one frame, at least one region in each, finite numbers only,
/// ascending frame indices, ordered box corners, probabilities in 0 to 1, ids from 0.
/// </remarks>
public sealed class RegionFile
{
    private const string Format = "demovlp-regions";
    private const string Version = "1";
    private const int MaximumRegionsPerFrame = 10_000;
    private const int MaximumSide = 65_535;
    private const int MaximumFeatureDim = 65_536;

    /// <summary>A file's content; nothing is copied.</summary>
    /// <param name="detector">Name of the detector.</param>
    /// <param name="detectorHash">Identity of the detector (SHA-256 of its files), or what else tells two detectors of that name apart.</param>
    /// <param name="featureDim">D.</param>
    /// <param name="frames">The frames, by ascending frame index.</param>
    /// <exception cref="ModelFormatException"><c>region-file-invalid</c>: the frames do not hold what the remarks say.</exception>
    public RegionFile(string detector, string detectorHash, int featureDim, IReadOnlyList<FrameRegions> frames)
    {
        (Detector, DetectorHash, FeatureDim, Frames) = (detector, detectorHash, featureDim, frames);
        Validate();
    }

    /// <summary>Name of the detector.</summary>
    public string Detector { get; }

    /// <summary>Identity of the detector in lower-case hex (<see cref="Detection.RegionExtractor.DetectorHash"/>), for files of this system's own detectors.</summary>
    public string DetectorHash { get; }

    /// <summary>D, the length of a feature.</summary>
    public int FeatureDim { get; }

    /// <summary>The frames, by ascending frame index.</summary>
    public IReadOnlyList<FrameRegions> Frames { get; }

    /// <summary>Writes the file; the stream stays open.</summary>
    public void Save(Stream stream)
    {
        long frames = Frames.Count, regions = Frames.Sum(f => (long)f.Count);
        new SafetensorsWriter()
            .AddMetadata("format", Format)
            .AddMetadata("version", Version)
            .AddMetadata("detector", Detector)
            .AddMetadata("detector_sha256", DetectorHash)
            .Add("features", Join(f => f.Features), regions, FeatureDim)
            .Add("boxes", Join(f => f.Boxes), regions, 4)
            .Add("class_ids", Join(f => f.ClassIds), regions)
            .Add("class_confidences", Join(f => f.ClassConfidences), regions)
            .Add("attribute_ids", Join(f => f.AttributeIds), regions)
            .Add("attribute_confidences", Join(f => f.AttributeConfidences), regions)
            .Add("region_counts", [.. Frames.Select(f => f.Count)], frames)
            .Add("frame_indices", [.. Frames.Select(f => f.FrameIndex)], frames)
            .Add("timestamps", [.. Frames.Select(f => f.TimestampSeconds)], frames)
            .Add("image_sizes", [.. Frames.SelectMany(f => new[] { f.Width, f.Height })], frames, 2)
            .Write(stream);
    }

    /// <summary>Reads a file from the stream's position to its end. The bytes may come from anywhere.</summary>
    /// <exception cref="ModelFormatException"><c>safetensors-malformed</c>, <c>tensor-missing</c>, <c>tensor-type</c> or <c>region-file-invalid</c>.</exception>
    public static RegionFile Load(Stream stream)
    {
        var file = SafetensorsFile.Read(stream);
        if (Meta(file, "format") != Format) throw Invalid("it is not a region file");
        if (Meta(file, "version") is var version && version != Version) throw Invalid($"its version is \"{Shorten(version)}\", and only \"{Version}\" is known");

        var counts = ReadList<int>(file, "region_counts");
        var frames = counts.Length;
        long total = 0;
        foreach (var count in counts)
        {
            if (count is < 1 or > MaximumRegionsPerFrame) throw Invalid($"a frame claims {count} regions");
            total += count;
        }
        var featureShape = Shape(file, "features");
        if (featureShape is not [_, >= 1 and <= MaximumFeatureDim]) throw Invalid("the shape of \"features\" is not [regions, features]");
        var dim = (int)featureShape[1];

        var features = Read<float>(file, "features", total, dim);
        var boxes = Read<float>(file, "boxes", total, 4);
        var classIds = Read<int>(file, "class_ids", total);
        var classConfidences = Read<float>(file, "class_confidences", total);
        var attributeIds = Read<int>(file, "attribute_ids", total);
        var attributeConfidences = Read<float>(file, "attribute_confidences", total);
        var indices = Read<int>(file, "frame_indices", frames);
        var timestamps = Read<double>(file, "timestamps", frames);
        var sizes = Read<int>(file, "image_sizes", frames, 2);

        var result = new FrameRegions[frames];
        for (int f = 0, at = 0; f < frames; at += counts[f++])
        {
            var rows = at..(at + counts[f]);
            result[f] = new FrameRegions(
                indices[f], timestamps[f], sizes[2 * f], sizes[2 * f + 1],
                features[(at * dim)..((at + counts[f]) * dim)], boxes[(at * 4)..((at + counts[f]) * 4)],
                classIds[rows], classConfidences[rows], attributeIds[rows], attributeConfidences[rows]);
        }
        return new RegionFile(Meta(file, "detector"), Meta(file, "detector_sha256"), dim, result);
    }

    private T[] Join<T>(Func<FrameRegions, T[]> part)
    {
        var joined = new T[Frames.Sum(f => (long)part(f).Length)];
        var at = 0;
        foreach (var frame in Frames)
        {
            part(frame).CopyTo(joined, at);
            at += part(frame).Length;
        }
        return joined;
    }

    private void Validate()
    {
        Check(IsLabel(Detector), "the detector's name is empty, too long or not printable");
        Check(IsLabel(DetectorHash), "the detector's hash is empty, too long or not printable");
        Check(FeatureDim is >= 1 and <= MaximumFeatureDim, $"its features have {FeatureDim} values");
        Check(Frames.Count >= 1, "it has no frames");
        var last = -1;
        foreach (var frame in Frames)
        {
            Check(frame.FrameIndex > last, "its frame indices do not ascend from 0");
            last = frame.FrameIndex;
            ValidateFrame(frame, $"frame {frame.FrameIndex}");
        }
    }

    private void ValidateFrame(FrameRegions frame, string where)
    {
        var count = frame.Count;
        Check(count is >= 1 and <= MaximumRegionsPerFrame, $"{where} has {count} regions");
        Check(double.IsFinite(frame.TimestampSeconds) && frame.TimestampSeconds >= 0, $"{where} has no valid time");
        Check(frame.Width is >= 1 and <= MaximumSide && frame.Height is >= 1 and <= MaximumSide, $"{where} is {frame.Width}x{frame.Height} pixels");
        Check(frame.Features.LongLength == (long)count * FeatureDim && frame.Boxes.Length == count * 4 && frame.ClassConfidences.Length == count
            && frame.AttributeIds.Length == count && frame.AttributeConfidences.Length == count, $"the parts of {where} differ in length");
        Check(AllFinite(frame.Features), $"{where} has a feature that is not a finite number");
        Check(AllFinite(frame.Boxes), $"{where} has a box that is not finite");
        for (var i = 0; i < count; i++)
            Check(frame.Boxes[4 * i] <= frame.Boxes[4 * i + 2] && frame.Boxes[4 * i + 1] <= frame.Boxes[4 * i + 3], $"{where} has a box whose corners are swapped");
        Check(Array.TrueForAll(frame.ClassIds, id => id >= 0) && Array.TrueForAll(frame.AttributeIds, id => id >= 0), $"{where} has a negative id");
        Check(Array.TrueForAll(frame.ClassConfidences, IsProbability) && Array.TrueForAll(frame.AttributeConfidences, IsProbability), $"{where} has a confidence outside 0 to 1");
    }

    private static bool IsProbability(float value) => value is >= 0 and <= 1;

    private static bool IsLabel(string text) => text.Length is >= 1 and <= 200 && !text.Any(char.IsControl);

    // A float is not finite exactly if its exponent bits are all set.
    private static bool AllFinite(ReadOnlySpan<float> values)
    {
        foreach (var bits in MemoryMarshal.Cast<float, int>(values))
            if ((bits & 0x7F80_0000) == 0x7F80_0000) return false;
        return true;
    }

    private static T[] Read<T>(SafetensorsFile file, string name, params ReadOnlySpan<long> shape) where T : unmanaged
    {
        if (!Shape(file, name).AsSpan().SequenceEqual(shape)) throw Invalid($"the shape of \"{name}\" does not fit the counts");
        return file.GetArray<T>(name);
    }

    private static T[] ReadList<T>(SafetensorsFile file, string name) where T : unmanaged
    {
        if (Shape(file, name).Length != 1) throw Invalid($"\"{name}\" is not a list");
        return file.GetArray<T>(name);
    }

    private static long[] Shape(SafetensorsFile file, string name) =>
        file.Entries.TryGetValue(name, out var entry) ? entry.Shape : throw new ModelFormatException("tensor-missing", $"The region file has no \"{name}\".");

    private static string Meta(SafetensorsFile file, string key) =>
        file.Metadata.TryGetValue(key, out var value) ? value : throw Invalid($"its metadata has no \"{key}\"");

    private static string Shorten(string text) => text.Length <= 20 ? text : text[..20] + "...";

    private static void Check(bool holds, string what)
    {
        if (!holds) throw Invalid(what);
    }

    private static ModelFormatException Invalid(string what) => new("region-file-invalid", $"The region file cannot be used: {what}.");
}
