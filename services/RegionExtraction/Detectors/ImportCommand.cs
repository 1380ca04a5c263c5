using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Native;

namespace DemoVlp.RegionExtraction.Detectors;

/// <summary>
/// <c>import-detector CHECKPOINT CLASSES ATTRIBUTES DIRECTORY</c>: makes a detector directory from a published bottom-up-attention checkpoint
/// (<see cref="DetectorImport"/>) and its lists of names, one name a line.
/// </summary>
internal static class ImportCommand
{
    private const string Name = "import-detector";

    /// <summary>Handles the command.</summary>
    /// <returns>The exit code; null: the arguments are not about it, and the service is to start.</returns>
    public static int? Handle(string[] args)
    {
        if (args is not [Name, ..]) return null;
        if (args is not [_, var checkpoint, var classes, var attributes, var directory])
        {
            Console.Error.WriteLine($"Usage: {Name} CHECKPOINT CLASSES ATTRIBUTES DIRECTORY");
            return 2;
        }
        try
        {
            TorchNativeLibrary.EnsureLoadable();
            DetectorImport.Import(checkpoint, directory, DetectorConfig.R101, Names(classes), Names(attributes));
            Console.WriteLine($"The detector is in {directory}; name it in Regions__DetectorDirectory.");
            return 0;
        }
        catch (ModelFormatException e)
        {
            Console.Error.WriteLine($"{e.Message} ({e.Code})");
            return 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    // Of several names of one thing ("stop sign,stopsign") the published lists give the usual one first.
    private static List<string> Names(string path) => [.. File.ReadAllLines(path).Select(line => line.Split(',')[0].Trim()).Where(name => name.Length > 0)];
}
