using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Native;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Import;

namespace DemoVlp.RegionExtraction;

/// <summary>
/// What the program does with files instead of serving. <c>import-detector CHECKPOINT CLASSES ATTRIBUTES DIRECTORY</c> makes a detector directory from a published
/// bottom-up-attention checkpoint (<see cref="DetectorImport"/>) and its lists of names, one name a line. <c>export-regions FILE DIRECTORY</c> writes a region file as the
/// original project keeps it: <c>0.npz</c>, <c>1.npz</c>, ... (<see cref="ReferenceRegionFile"/>). <c>find-boxes DETECTOR PICTURES BOXES</c> and <c>describe-boxes DETECTOR PICTURES BOXES REGIONS</c>
/// look at folders of pictures (<see cref="BoxCommands"/>).
/// </summary>
internal static class FileCommands
{
    /// <summary>Handles a command.</summary>
    /// <returns>The exit code; null: the arguments are no command, and the service is to start.</returns>
    public static int? Handle(string[] args)
    {
        Action? command = args switch
        {
            ["import-detector", var checkpoint, var classes, var attributes, var directory] => () => ImportDetector(checkpoint, classes, attributes, directory),
            ["export-regions", var file, var directory] => () => ExportRegions(file, directory),
            ["find-boxes", var detector, var pictures, var boxes] => () => BoxCommands.Find(detector, pictures, boxes),
            ["describe-boxes", var detector, var pictures, var boxes, var regions] => () => BoxCommands.Describe(detector, pictures, boxes, regions),
            _ => null,
        };
        if (command is null)
        {
            if (args is not ["import-detector" or "export-regions" or "find-boxes" or "describe-boxes", ..]) return null;
            Console.Error.WriteLine("""
                Usage: import-detector CHECKPOINT CLASSES ATTRIBUTES DIRECTORY
                       export-regions FILE DIRECTORY
                       find-boxes DETECTOR PICTURES BOXES
                       describe-boxes DETECTOR PICTURES BOXES REGIONS
                """);
            return 2;
        }
        try
        {
            command();
            return 0;
        }
        catch (Exception e) when (Explain(e) is { } why)
        {
            Console.Error.WriteLine(why);
            return 1;
        }
    }

    /// <summary>What is said of a fault that files or settings have caused; null: it has another cause.</summary>
    internal static string? Explain(Exception fault) => fault switch
    {
        ModelFormatException e => $"{e.Message} ({e.Code})",
        DetectorException e => $"{e.Message} ({e.Code})",
        ComputeDeviceException or ComputeSettingException or IOException or UnauthorizedAccessException => fault.Message,
        _ => null,
    };

    private static void ImportDetector(string checkpoint, string classes, string attributes, string directory)
    {
        TorchNativeLibrary.EnsureLoadable();
        if (DetectorImport.Import(checkpoint, directory, DetectorConfig.R101, Names(classes), Names(attributes)) is { } odd) Console.Error.WriteLine($"Warning: {odd}");
        Console.WriteLine($"The detector is in {directory}; name it in Regions__DetectorDirectory.");
    }

    private static void ExportRegions(string file, string directory)
    {
        using var stream = File.OpenRead(file);
        var frames = RegionFile.Load(stream).Frames;
        Directory.CreateDirectory(directory);
        for (var i = 0; i < frames.Count; i++) ReferenceRegionFile.Write(Path.Combine(directory, $"{i}.npz"), frames[i]);
        Console.WriteLine($"{frames.Count} frames are in {directory}.");
    }

    // Of several names of one thing ("stop sign,stopsign") the published lists give the usual one first.
    private static List<string> Names(string path) => [.. File.ReadAllLines(path).Select(line => line.Split(',')[0].Trim()).Where(name => name.Length > 0)];
}
