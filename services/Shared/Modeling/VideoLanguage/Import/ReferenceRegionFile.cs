// Region files of the published data (spec section 8.1): one .npz per frame.

using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.Serialization;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>Reads and writes a frame's regions as bottom-up attention tools do (spec of the extractor, section 9); nothing in a file is executed.</summary>
public static class ReferenceRegionFile
{
    private const long MaximumBytes = 64 << 20;

    /// <summary>Reads <c>x</c>, <c>bbox</c> and <c>info</c>; attributes are 0 where the file has none.</summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="frameIndex">For <see cref="FrameRegions.FrameIndex"/>.</param>
    /// <param name="timestampSeconds">For <see cref="FrameRegions.TimestampSeconds"/>, which the file does not hold.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>: there is no such file; <c>region-file-malformed</c>, <c>numpy-malformed</c> or <c>checkpoint-malformed</c>.</exception>
    public static FrameRegions Read(string path, int frameIndex, double timestampSeconds = 0)
    {
        if (!File.Exists(path)) throw new ModelFormatException("feature-missing", $"Frame {frameIndex} has no region file {Path.GetFileName(path)}.");
        using var stream = File.OpenRead(path);
        return ReadStream(stream, frameIndex, timestampSeconds);
    }

    /// <summary>As <see cref="Read"/>, from a seekable stream, which stays open.</summary>
    /// <exception cref="ModelFormatException"><c>region-file-malformed</c>, <c>numpy-malformed</c> or <c>checkpoint-malformed</c>.</exception>
    public static FrameRegions ReadStream(Stream stream, int frameIndex, double timestampSeconds = 0)
    {
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var (features, boxes) = (Array(archive, "x", stream.Length), Array(archive, "bbox", stream.Length));
            var info = Array(archive, "info", stream.Length).Value as PickleDictionary ?? throw Malformed("'info' is no dictionary.");
            var count = features.Shape is [var rows, > 0] && boxes.Shape is [var others, 4] && rows == others ? (int)rows : throw Malformed("'x' and 'bbox' do not belong together.");
            // One such number in a batch would end a training.
            var (x, places) = (features.Values<float>(), boxes.Values<float>());
            if (!x.All(float.IsFinite) || !places.All(float.IsFinite)) throw Malformed("it holds numbers that are not finite.");
            return new FrameRegions(frameIndex, timestampSeconds, Number(info, "image_w"), Number(info, "image_h"), x, places,
                Ids(info, "objects_id", count) ?? throw Malformed("'objects_id' is missing."), Confidences(info, "objects_conf", count) ?? throw Malformed("'objects_conf' is missing."),
                Ids(info, "attrs_id", count) ?? new int[count], Confidences(info, "attrs_conf", count) ?? new float[count]);
        }
        catch (Exception e) when (ArchiveEntry.IsDamage(e))
        {
            throw Malformed("it is no .npz file, or a damaged one.", e);
        }
    }

    /// <summary>Writes <c>x</c>, <c>bbox</c>, <c>num_bbox</c>, <c>image_h</c>, <c>image_w</c> and <c>info</c> as numpy's <c>savez_compressed</c> does. The same frame gives the same bytes.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="frame">The regions, at least one.</param>
    /// <param name="imageId">Name of the picture in <c>info</c>; the frame's index if left out.</param>
    public static void Write(Stream stream, FrameRegions frame, string? imageId = null)
    {
        if (frame.Count == 0 || frame.Features.Length % frame.Count != 0) throw new ArgumentException("The frame has no regions, or its features do not fit them.", nameof(frame));
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        Add(archive, "x", s => NumpyArray.Write<float>(s, frame.Features, frame.Count, frame.Features.Length / frame.Count));
        AddBoxes(archive, frame.Width, frame.Height, frame.Boxes);
        Add(archive, "info", s =>
        {
            NumpyArray.WriteHeader(s, "|O");
            new PickleWriter(s).Object(p => p.Dictionary(
                ("image_id", () => p.Text(imageId ?? frame.FrameIndex.ToString(CultureInfo.InvariantCulture))),
                ("image_h", () => p.Number(frame.Height)),
                ("image_w", () => p.Number(frame.Width)),
                ("num_boxes", () => p.Number(frame.Count)),
                ("objects_id", () => p.Array<long>([.. frame.ClassIds])),
                ("objects_conf", () => p.Array<float>(frame.ClassConfidences)),
                ("attrs_id", () => p.Array<long>([.. frame.AttributeIds])),
                ("attrs_conf", () => p.Array<float>(frame.AttributeConfidences))));
        });
    }

    /// <summary>As <see cref="Write(Stream, FrameRegions, string?)"/>, into a file.</summary>
    public static void Write(string path, FrameRegions frame, string? imageId = null)
    {
        using var stream = File.Create(path);
        Write(stream, frame, imageId);
    }

    /// <summary>Writes boxes alone, as the tools do in their mode <c>bboxes</c> (section 8): <c>bbox</c>, <c>num_bbox</c>, <c>image_h</c> and <c>image_w</c>.</summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="width">Pixels of the picture.</param>
    /// <param name="height">Pixels of the picture.</param>
    /// <param name="boxes">[K, 4]: x1, y1, x2, y2 in pixels of the picture.</param>
    public static void WriteBoxes(string path, int width, int height, float[] boxes)
    {
        using var stream = File.Create(path);
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create);
        AddBoxes(archive, width, height, boxes);
    }

    /// <summary>Reads <c>bbox</c> [K, 4] alone, as the tools do in their mode <c>bbox_feats</c>: of a file with boxes alone or with regions.</summary>
    /// <param name="path">The .npz file.</param>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>: there is no such file; <c>region-file-malformed</c> or <c>numpy-malformed</c>.</exception>
    public static float[] ReadBoxes(string path)
    {
        if (!File.Exists(path)) throw new ModelFormatException("feature-missing", $"There is no box file {Path.GetFileName(path)}.");
        using var stream = File.OpenRead(path);
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            var boxes = Array(archive, "bbox", stream.Length);
            return boxes.Shape is [_, 4] ? boxes.Values<float>() : throw Malformed("'bbox' has not four numbers for each box.");
        }
        catch (Exception e) when (ArchiveEntry.IsDamage(e))
        {
            throw Malformed("it is no .npz file, or a damaged one.", e);
        }
    }

    private static void AddBoxes(ZipArchive archive, int width, int height, float[] boxes)
    {
        Add(archive, "bbox", s => NumpyArray.Write<float>(s, boxes, boxes.Length / 4, 4));
        Add(archive, "num_bbox", s => NumpyArray.Write<long>(s, [boxes.Length / 4]));
        Add(archive, "image_h", s => NumpyArray.Write<long>(s, [height]));
        Add(archive, "image_w", s => NumpyArray.Write<long>(s, [width]));
    }

    private static void Add(ZipArchive archive, string name, Action<Stream> write)
    {
        var entry = archive.CreateEntry(name + ".npy");
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var content = entry.Open();
        write(content);
    }

    private static NumpyArray Array(ZipArchive archive, string name, long archiveBytes)
    {
        var entry = archive.GetEntry(name + ".npy") ?? throw Malformed($"'{name}' is missing.");
        using var memory = new MemoryStream(ArchiveEntry.Read(entry, archiveBytes, MaximumBytes));
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
        if (values.Length != count || values.Any(v => v is not (>= 0 and <= 1))) throw Malformed($"'{name}' does not fit the regions.");
        return values;
    }

    private static ModelFormatException Malformed(string message, Exception? inner = null) => new("region-file-malformed", $"The region file cannot be read: {message}", inner);
}
