using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.RegionExtraction.Extraction;

namespace DemoVlp.RegionExtraction;

/// <summary>
/// The original project's two stages over a folder of pictures: its extract modes <c>bboxes</c> and <c>bbox_feats</c>. Of each picture there will be a file that is named as the picture is, up to the
/// first dot; one that is there already is left as it is, so that a run that was stopped can go on.
/// </summary>
internal static class BoxCommands
{
    /// <summary>Writes the boxes of each picture (<see cref="RegionExtractor.FindBoxes"/>).</summary>
    public static void Find(string detector, string pictures, string boxes) => ForEach(detector, pictures, boxes, (extractor, picture, _, path) =>
        ReferenceRegionFile.WriteBoxes(path, picture.Width, picture.Height, extractor.FindBoxes(picture).Boxes));

    /// <summary>Writes the regions of each picture in the boxes of the file of its name (<see cref="RegionExtractor.Describe"/>).</summary>
    public static void Describe(string detector, string pictures, string boxes, string regions) => ForEach(detector, pictures, regions, (extractor, picture, name, path) =>
        ReferenceRegionFile.Write(path, extractor.Describe(picture, ReferenceRegionFile.ReadBoxes(Path.Combine(boxes, $"{name}.npz"))), name));

    private static void ForEach(string detector, string pictures, string folder, Action<RegionExtractor, FrameImage, string, string> write)
    {
        var files = Directory.GetFiles(pictures).Order(StringComparer.Ordinal);
        // As the service reads them: Compute__Device and so on.
        var compute = ComputeSettings.Apply(key => Environment.GetEnvironmentVariable(key.Replace(":", "__", StringComparison.Ordinal)));
        using var extractor = RegionExtractor.Load(detector, compute.Device, compute.Precision);
        Directory.CreateDirectory(folder);
        int written = 0, kept = 0, failed = 0;
        foreach (var file in files)
        {
            var name = Path.GetFileName(file).Split('.')[0];
            var path = Path.Combine(folder, $"{name}.npz");
            if (File.Exists(path))
            {
                kept++;
                continue;
            }
            try
            {
                // Renamed when it is whole: half a file would be taken for one that is done.
                write(extractor, FrameReader.Read(file), name, $"{path}.part");
                File.Move($"{path}.part", path);
                written++;
            }
            catch (Exception e) when (FileCommands.Explain(e) is { } why)
            {
                Console.Error.WriteLine($"{file}: {why}");
                failed++;
            }
        }
        Console.WriteLine($"{written} files are new in {folder}, {kept} were there.");
        if (failed > 0) throw new IOException($"{failed} pictures could not be used.");
    }
}
