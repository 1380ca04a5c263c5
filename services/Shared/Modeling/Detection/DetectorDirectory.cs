using System.Security.Cryptography;
using System.Text;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

/// <summary>
/// A detector as a directory: <c>config.json</c>, <c>model.safetensors</c>, <c>classes.txt</c> and <c>attributes.txt</c>
/// (one name a line, without the background and "none"; of comma-separated synonyms the first counts).
/// </summary>
public sealed class DetectorDirectory : IDisposable
{
    private const string ConfigFile = "config.json";
    private const string WeightsFile = "model.safetensors";
    private const string ClassesFile = "classes.txt";
    private const string AttributesFile = "attributes.txt";

    private DetectorDirectory(FasterRcnn network, IReadOnlyList<string> classes, IReadOnlyList<string> attributes, string hash) =>
        (Network, Classes, Attributes, Hash) = (network, classes, attributes, hash);

    /// <summary>The network, on the device it was loaded to.</summary>
    public FasterRcnn Network { get; }

    /// <summary>Shape and inference settings.</summary>
    public DetectorConfig Config => Network.Config;

    /// <summary>The configuration's name.</summary>
    public string Name => Config.Name;

    /// <summary>Identity of weights, configuration and names: see <see cref="HashOf"/>.</summary>
    public string Hash { get; }

    /// <summary>Class names; ids count from 0 here, the background has none.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Attribute names; ids count from 0 here, "none" has none.</summary>
    public IReadOnlyList<string> Attributes { get; }

    /// <summary>Reads a detector and moves it to <paramref name="device"/>.</summary>
    /// <exception cref="ModelFormatException">
    /// <c>model-incomplete</c> (a file is missing), <c>config-invalid</c>, <c>names-invalid</c>, <c>safetensors-malformed</c> or <c>weights-mismatch</c>.
    /// </exception>
    public static DetectorDirectory Load(string directory, Device device)
    {
        var config = DetectorConfig.Parse(ReadFile(directory, ConfigFile, 1 << 20));
        var classes = Names(directory, ClassesFile, config.NumClasses - 1);
        var attributes = Names(directory, AttributesFile, config.NumAttrs - 1);
        var weights = Existing(directory, WeightsFile);
        var hash = HashOf(directory);

        var network = new FasterRcnn(config);
        try
        {
            using var scope = NewDisposeScope();
            DetectorWeights.Load(network, Safetensors.Load(weights));
            network.MoveTo(device);
            return new DetectorDirectory(network, classes, attributes, hash);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The files that make a detector, in the order in which they are hashed.</summary>
    public static IReadOnlyList<string> Files { get; } = [AttributesFile, ClassesFile, ConfigFile, WeightsFile];

    /// <summary>
    /// SHA-256, lower-case hex, of the list of all files' SHA-256: a change of weights, of a threshold in the configuration or of a name makes
    /// another detector. In the directory: <c>sha256sum attributes.txt classes.txt config.json model.safetensors | sha256sum</c>.
    /// </summary>
    /// <exception cref="ModelFormatException"><c>model-incomplete</c>: a file is missing.</exception>
    public static string HashOf(string directory)
    {
        var list = new StringBuilder();
        foreach (var file in Files)
        {
            using var stream = File.OpenRead(Existing(directory, file));
            list.Append(Convert.ToHexStringLower(SHA256.HashData(stream))).Append("  ").Append(file).Append('\n');
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(list.ToString())));
    }

    /// <summary>
    /// Identity of the regions that a detector makes when its convolutions compute in <paramref name="precision"/>: in float32 that of the detector; in
    /// bfloat16, whose features differ a little, another one: <c>echo "HASH  bfloat16" | sha256sum</c>.
    /// </summary>
    /// <param name="hash">See <see cref="HashOf"/>.</param>
    /// <param name="precision">Type of the convolutions.</param>
    public static string HashWith(string hash, ComputePrecision precision) => precision == ComputePrecision.Float32
        ? hash
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{hash}  {precision.ToString().ToLowerInvariant()}\n")));

    /// <summary>Writes a detector; the directory is made if need be. The same network gives the same bytes.</summary>
    /// <exception cref="ModelFormatException"><c>names-invalid</c>: not as many names as the configuration has classes or attributes, or an unusable one.</exception>
    public static void Save(string directory, FasterRcnn network, IReadOnlyList<string> classes, IReadOnlyList<string> attributes)
    {
        var config = network.Config;
        CheckNames(classes, ClassesFile, config.NumClasses - 1);
        CheckNames(attributes, AttributesFile, config.NumAttrs - 1);
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, ConfigFile), config.ToJson());
        File.WriteAllText(Path.Combine(directory, ClassesFile), string.Join("\n", classes) + "\n");
        File.WriteAllText(Path.Combine(directory, AttributesFile), string.Join("\n", attributes) + "\n");
        Safetensors.Save(Path.Combine(directory, WeightsFile), network.state_dict().Select(t => (t.Key, t.Value)));
    }

    /// <summary>
    /// Writes a <see cref="DetectorConfig.Tiny"/> detector with random weights that depend on <paramref name="seed"/> alone. It needs no
    /// download: its features tell pictures apart, its class and attribute names mean nothing.
    /// </summary>
    public static void CreateTiny(string directory, IReadOnlyList<string> classes, IReadOnlyList<string> attributes, int seed) =>
        CreateRandom(directory, DetectorConfig.Tiny with { NumClasses = classes.Count + 1, NumAttrs = attributes.Count + 1 }, classes, attributes, seed);

    /// <summary>Writes a detector of any shape with random weights that depend on <paramref name="seed"/> alone.</summary>
    /// <exception cref="ModelFormatException"><c>config-invalid</c> or <c>names-invalid</c>.</exception>
    public static void CreateRandom(string directory, DetectorConfig config, IReadOnlyList<string> classes, IReadOnlyList<string> attributes, int seed)
    {
        config.Validate();
        using var scope = NewDisposeScope();
        using var network = new FasterRcnn(config);
        RandomWeights.Fill(network, seed);
        Save(directory, network, classes, attributes);
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => Network.Dispose();

    private static string[] Names(string directory, string file, int count)
    {
        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(ReadFile(directory, file, 64 << 20));
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFormatException("names-invalid", $"The detector's {file} is not UTF-8 text.", e);
        }
        var lines = text.TrimStart('\uFEFF').Split('\n').Select(line => line.Split(',')[0].Trim()).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        CheckNames(lines, file, count);
        return [.. lines];
    }

    private static void CheckNames(IReadOnlyList<string> names, string file, int count)
    {
        if (names.Count != count) throw new ModelFormatException("names-invalid", $"The detector's {file} has {names.Count} names, and the configuration asks for {count}.");
        for (var i = 0; i < names.Count; i++)
            if (string.IsNullOrWhiteSpace(names[i]) || names[i].Length > 200 || names[i].Any(char.IsControl))
                throw new ModelFormatException("names-invalid", $"Name {i + 1} of the detector's {file} is empty, too long or not printable.");
    }

    private static byte[] ReadFile(string directory, string file, long limit)
    {
        var path = Existing(directory, file);
        if (new FileInfo(path).Length > limit) throw new ModelFormatException("model-incomplete", $"The detector's {file} is too large to be one.");
        return File.ReadAllBytes(path);
    }

    private static string Existing(string directory, string file)
    {
        var path = Path.Combine(directory, file);
        return File.Exists(path) ? path : throw new ModelFormatException("model-incomplete", $"The detector directory has no {file}.");
    }
}
