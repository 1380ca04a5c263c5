using System.Globalization;
using DemoVlp.Modeling.Detection;

namespace DemoVlp.RegionExtraction.Detectors;

/// <summary>A detector's directory as it looks from outside: another path, or another time or length of a file, and there may be another detector in it.</summary>
/// <param name="Path">The directory.</param>
/// <param name="Look">Length and time of each file.</param>
internal sealed record DetectorFolder(string Path, string Look)
{
    /// <summary>Looks at a directory; files that are missing are part of the look.</summary>
    public static DetectorFolder At(string path) => new(path, string.Join(' ', DetectorDirectory.Files.Select(file => LookAt(System.IO.Path.Combine(path, file)))));

    private static string LookAt(string path)
    {
        try
        {
            // What a link points to counts, not the link.
            var file = new FileInfo(path);
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.Length}@{file.LastWriteTimeUtc.Ticks}") : "none";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "none"; // Being replaced this moment, or not ours to read: loading it will say which.
        }
    }
}
