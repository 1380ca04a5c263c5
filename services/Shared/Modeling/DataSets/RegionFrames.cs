using System.Globalization;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Import;

namespace DemoVlp.Modeling.DataSets;

/// <summary>The published region files of a video (<c>0.npz</c>, <c>1.npz</c>, ... in a directory of its own) or of an image (one file); spec section 8.1.</summary>
public sealed class RegionFrames
{
    private readonly string path;
    private readonly bool isImage;

    private RegionFrames(string path, int count, bool isImage) => (this.path, Count, this.isImage) = (path, count, isImage);

    /// <summary>Number of frames.</summary>
    public int Count { get; }

    /// <summary>The frames of a directory: as many as it has .npz files. Null if <c>0.npz</c> is missing or there are fewer than two.</summary>
    public static RegionFrames? OfVideo(string directory)
    {
        if (!File.Exists(Path.Combine(directory, "0.npz"))) return null;
        var count = Directory.EnumerateFiles(directory, "*.npz").Count();
        return count < 2 ? null : new RegionFrames(directory, count, isImage: false);
    }

    /// <summary>The one frame of an image: <c>path_1.npz</c> or else <c>path_0.npz</c>; null if there is neither.</summary>
    public static RegionFrames? OfImage(string path) =>
        File.Exists(path + "_1.npz") ? new RegionFrames(path + "_1.npz", 1, isImage: true)
        : File.Exists(path + "_0.npz") ? new RegionFrames(path + "_0.npz", 1, isImage: true)
        : null;

    /// <summary>Path of a frame's file, from 0.</summary>
    public string FileOf(int frame) => isImage ? path : Path.Combine(path, frame.ToString(CultureInfo.InvariantCulture) + ".npz");

    /// <summary>Reads a frame's regions.</summary>
    /// <exception cref="ModelFormatException">As of <see cref="ReferenceRegionFile.Read"/>, or <c>region-file-missing</c>.</exception>
    public FrameRegions Read(int frame)
    {
        var file = FileOf(frame);
        if (!File.Exists(file)) throw new ModelFormatException("region-file-missing", $"There is no region file {Path.GetFileName(file)}.");
        return ReferenceRegionFile.Read(file, frame);
    }

    /// <summary>Whether a path from a data set's files stays below the directory it is joined to.</summary>
    internal static bool IsInside(string relative) =>
        relative.Length is > 0 and < 1024 && relative.IndexOfAny(['\0', '\n', '\r', '\\', ':']) < 0 && relative.Split('/').All(part => part is not ("" or "." or ".."));
}
