using System.Text.Json;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.Tests.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

/// <summary>A small detector of the reference implementation with what it computes at every stage, from the golden files.</summary>
public sealed class DetectorGoldens : IDisposable
{
    private readonly IReadOnlyDictionary<string, Tensor> stages;
    private readonly IReadOnlyDictionary<string, Tensor> unit;
    private readonly JsonDocument manifest;
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    public DetectorGoldens()
    {
        manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "manifest.json")));
        Config = DetectorConfig.Parse(System.Text.Encoding.UTF8.GetBytes(manifest.RootElement.GetProperty("config").GetRawText()));
        stages = Safetensors.Load(Path.Combine(Folder, "goldens.safetensors"));
        unit = Safetensors.Load(Path.Combine(Folder, "unit.safetensors"));
        Network = NewNetwork();
    }

    public static string Folder { get; } = GoldenSet.Folder("detector", "manifest.json");

    public DetectorConfig Config { get; }

    public FasterRcnn Network { get; }

    /// <summary>All tensors of the set; those of small hand-made inputs begin with <c>unit.</c>.</summary>
    public IEnumerable<string> Names => stages.Keys.Concat(unit.Keys);

    /// <summary>Those of the files and of the manifest that were not asked for yet: nothing has been compared with them.</summary>
    public IEnumerable<string> Unread => Names.Union(Entries("tensors").Select(t => t.GetProperty("name").GetString()!)).Where(n => !read.Contains(n));

    public JsonElement Manifest => manifest.RootElement;

    public JsonElement SelectionVariants => Manifest.GetProperty("selection_variants");

    public double ImScale => this["im_scale"].data<double>()[0];

    public int Height => (int)this["input_blob"].shape[2];

    public int Width => (int)this["input_blob"].shape[3];

    public Tensor this[string name]
    {
        get
        {
            read.Add(name);
            return name.StartsWith("unit.", StringComparison.Ordinal) ? unit[name] : stages[name];
        }
    }

    public FrameImage Frame
    {
        get
        {
            var image = this["image_bgr_u8"];
            return new FrameImage(0, 0, (int)image.shape[1], (int)image.shape[0], image.data<byte>().ToArray());
        }
    }

    /// <summary>A list of the manifest; empty where this set has none.</summary>
    public IReadOnlyList<JsonElement> Entries(string list) => Manifest.TryGetProperty(list, out var entries) ? [.. entries.EnumerateArray()] : [];

    public float[] Floats(string name) => this[name].data<float>().ToArray();

    public int[] Integers(string name) => [.. this[name].data<long>().ToArray().Select(i => (int)i)];

    public FasterRcnn NewNetwork()
    {
        using var scope = NewDisposeScope();
        var network = new FasterRcnn(Config);
        DetectorWeights.Load(network, Safetensors.Load(Path.Combine(Folder, "weights.safetensors")));
        return network;
    }

    /// <summary>The golden detector as a directory; names are made up, since the goldens have none.</summary>
    public void WriteDirectory(string directory) => DetectorDirectory.Save(directory, Network,
        [.. Enumerable.Range(0, Config.NumClasses - 1).Select(i => $"class {i}")], [.. Enumerable.Range(0, Config.NumAttrs - 1).Select(i => $"attribute {i}")]);

    /// <summary>Equal up to tolerance x max(1, largest golden value) + tolerance x value: the manifest's rule, 1e-5 for a stage and 1e-4 from end to end.</summary>
    public void AssertClose(string name, Tensor actual, double tolerance = 1e-5) => AssertClose(this[name], actual, tolerance, name);

    public static void AssertClose(Tensor expected, Tensor actual, double tolerance, string name)
    {
        Assert.Equal(expected.shape, actual.shape);
        var limit = tolerance * Math.Max(1, expected.abs().max().item<float>()) + tolerance * expected.abs();
        var excess = ((actual - expected).abs() - limit).max().item<float>();
        Assert.True(excess <= 0, $"{name} is off by {excess} more than allowed; largest difference {(actual - expected).abs().max().item<float>()}.");
    }

    public void Dispose()
    {
        Network.Dispose();
        foreach (var tensor in stages.Values.Concat(unit.Values)) tensor.Dispose();
        manifest.Dispose();
    }
}
