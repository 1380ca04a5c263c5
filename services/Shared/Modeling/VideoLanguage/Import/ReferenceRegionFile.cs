// Region files of the published data (spec section 8.1): one .npz per frame.

using System.IO.Compression;
using System.Runtime.InteropServices;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.Serialization;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>Reads a frame's regions as bottom-up attention tools write them; nothing in the file is executed.</summary>
public static class ReferenceRegionFile
{
    private const long MaximumBytes = 256 << 20;

    /// <summary>Reads <c>x</c>, <c>bbox</c> and <c>info</c>; attributes are 0 where the file has none.</summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="frameIndex">For <see cref="FrameRegions.FrameIndex"/>.</param>
    /// <param name="timestampSeconds">For <see cref="FrameRegions.TimestampSeconds"/>, which the file does not hold.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>: there is no such file; <c>region-file-malformed</c>, <c>numpy-malformed</c> or <c>checkpoint-malformed</c>.</exception>
    public static FrameRegions Read(string path, int frameIndex, double timestampSeconds = 0)
    {
        if (!File.Exists(path)) throw new ModelFormatException("feature-missing", $"Frame {frameIndex} has no region file {Path.GetFileName(path)}.");
        using var stream = File.OpenRead(path);
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            var (features, boxes) = (Array(archive, "x"), Array(archive, "bbox"));
            var info = Array(archive, "info").Value as PickleDictionary ?? throw Malformed("'info' is no dictionary.");
            var count = features.Shape is [var rows, > 0] && boxes.Shape is [var others, 4] && rows == others ? (int)rows : throw Malformed("'x' and 'bbox' do not belong together.");
            return new FrameRegions(frameIndex, timestampSeconds, Number(info, "image_w"), Number(info, "image_h"), features.Values<float>(), boxes.Values<float>(),
                Ids(info, "objects_id", count) ?? throw Malformed("'objects_id' is missing."), Confidences(info, "objects_conf", count) ?? throw Malformed("'objects_conf' is missing."),
                Ids(info, "attrs_id", count) ?? new int[count], Confidences(info, "attrs_conf", count) ?? new float[count]);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Malformed("it is no .npz file, or a damaged one.", e);
        }
    }

    private static NumpyArray Array(ZipArchive archive, string name)
    {
        var entry = archive.GetEntry(name + ".npy") ?? throw Malformed($"'{name}' is missing.");
        if (entry.Length > MaximumBytes) throw Malformed($"'{name}' is too large.");
        // The declared length bounds what is unpacked.
        var bytes = new byte[entry.Length];
        using (var source = entry.Open()) source.ReadExactly(bytes);
        using var memory = new MemoryStream(bytes);
        return NumpyArray.Read(memory);
    }

    private static int Number(PickleDictionary info, string name) => info[name] switch
    {
        long value and > 0 and <= 1 << 20 => (int)value,
        PickleArray { Shape: [], DType: "i8", Data.Length: 8 } array when MemoryMarshal.Read<long>(array.Data) is > 0 and <= 1 << 20 and var value => (int)value,
        _ => throw Malformed($"'{name}' is no size in pixels."),
    };

    private static int[]? Ids(PickleDictionary info, string name, int count)
    {
        if (info[name] is not PickleArray array) return null;
        var ids = NumpyArray.Values<long>(array.DType, array.Data);
        if (ids.Length != count || ids.Any(i => i is < 0 or > int.MaxValue)) throw Malformed($"'{name}' does not fit the regions.");
        return [.. ids.Select(i => (int)i)];
    }

    private static float[]? Confidences(PickleDictionary info, string name, int count)
    {
        if (info[name] is not PickleArray array) return null;
        var values = NumpyArray.Values<float>(array.DType, array.Data);
        return values.Length == count ? values : throw Malformed($"'{name}' does not fit the regions.");
    }

    private static ModelFormatException Malformed(string message, Exception? inner = null) => new("region-file-malformed", $"The region file cannot be read: {message}", inner);
}
