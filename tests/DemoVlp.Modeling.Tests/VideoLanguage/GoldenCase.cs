using System.Text.Json;
using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>
/// One case of the golden numbers: what the published code gave, and how far float32 may stray. A case is checked as a whole: every output and
/// every expected value of its manifest has to be compared, or named as not being a result.
/// </summary>
internal sealed class GoldenCase
{
    private readonly IReadOnlyDictionary<string, Tensor> tensors;
    private readonly HashSet<string> open = new(StringComparer.Ordinal);
    private readonly List<string> faults = [];

    private GoldenCase(string name)
    {
        Name = name;
        Manifest = JsonDocument.Parse(File.ReadAllText(GoldenSet.File_("cases", $"{name}.json"))).RootElement;
        var file = GoldenSet.File_("cases", $"{name}.safetensors");
        tensors = File.Exists(file) ? Safetensors.Load(file) : new Dictionary<string, Tensor>();
        open.UnionWith(Outputs.Select(o => "output " + o));
        if (Manifest.TryGetProperty("expected", out var expected)) open.UnionWith(expected.EnumerateObject().Select(e => "expected " + e.Name));
    }

    internal string Name { get; }

    internal JsonElement Manifest { get; }

    internal JsonElement Config => Manifest.TryGetProperty("config", out var config) ? config : default;

    internal IEnumerable<string> Outputs => Manifest.TryGetProperty("outputs", out var outputs) ? outputs.EnumerateObject().Select(o => o.Name) : [];

    internal IEnumerable<string> Inputs => Manifest.GetProperty("inputs").EnumerateObject().Select(o => o.Name);

    /// <summary>Opens a case in a dispose scope of its own, runs the comparisons, and fails with all that differ or were left out.</summary>
    internal static void Verify(string name, Action<GoldenCase> compare)
    {
        using var scope = NewDisposeScope();
        var golden = new GoldenCase(name);
        compare(golden);
        foreach (var left in golden.open.Order(StringComparer.Ordinal)) golden.faults.Add($"{left}: no test compares it");
        Assert.True(golden.faults.Count == 0, $"{name}:\n  {string.Join("\n  ", golden.faults.Take(40))}{(golden.faults.Count > 40 ? $"\n  and {golden.faults.Count - 40} more" : "")}");
    }

    /// <summary>Reads a case for its inputs alone; its tensors belong to the current dispose scope.</summary>
    internal static GoldenCase Open(string family) =>
        GoldenSet.Family(family).FirstOrDefault() is { } name ? new(name) : throw Xunit.Sdk.SkipException.ForSkip($"The golden set has no case {family}.");

    internal bool Has(string input) => tensors.ContainsKey("in." + input);

    internal Tensor In(string name) => tensors["in." + name];

    internal Tensor Out(string name) => tensors["out." + name];

    /// <summary>A value of the manifest's <c>expected</c>, to be compared by the caller; null where this set has none.</summary>
    internal JsonElement? Expect(string name)
    {
        open.Remove("expected " + name);
        return Manifest.GetProperty("expected").TryGetProperty(name, out var value) ? value : null;
    }

    /// <summary>Values that describe how the case was made, or what it was made with: there is nothing of ours to compare them with.</summary>
    internal void NoResult(params string[] names) => open.ExceptWith(names.Select(n => "expected " + n));

    /// <summary>
    /// Compares with a golden output within the tolerance its manifest suggests, or else within the one given (none: bit for bit).
    /// An output that this set lacks is left out; one that no test compares fails the case.
    /// </summary>
    internal void Check(string output, Tensor actual, double otherwise = 0)
    {
        if (!Manifest.GetProperty("outputs").TryGetProperty(output, out var entry)) return;
        open.Remove("output " + output);
        var expected = Out(output);
        if (!expected.shape.SequenceEqual(actual.shape))
        {
            faults.Add($"{output}: shape [{string.Join(", ", actual.shape)}] instead of [{string.Join(", ", expected.shape)}]");
            return;
        }
        if (expected.numel() == 0) return;
        var tolerance = entry.TryGetProperty("suggested_atol", out var suggested) ? suggested.GetDouble() : otherwise;
        var difference = (actual.detach().to_type(ScalarType.Float64) - expected.to_type(ScalarType.Float64)).abs().max().item<double>();
        if (!(difference <= tolerance)) faults.Add($"{output}: differs by {difference:G3}, allowed {tolerance:G3}");
    }

    internal void Same<T>(string what, T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual)) faults.Add($"{what}: {actual} instead of {expected}");
    }

    internal void SameList<T>(string what, IEnumerable<T> expected, IEnumerable<T> actual)
    {
        if (!expected.SequenceEqual(actual)) faults.Add($"{what}: [{string.Join(", ", actual)}] instead of [{string.Join(", ", expected)}]");
    }

    /// <summary>Compares a number of the manifest (the texts "inf", "-inf" and "nan" are numbers too).</summary>
    internal void Near(string what, JsonElement expected, double actual, double tolerance)
    {
        var number = Number(expected);
        if (number.Equals(actual)) return;
        if (!(Math.Abs(number - actual) <= tolerance)) faults.Add($"{what}: {actual:R} instead of {number:R}, allowed {tolerance:G3}");
    }

    internal void Fault(string message) => faults.Add(message);

    internal static double Number(JsonElement value) => value.ValueKind != JsonValueKind.String ? value.GetDouble() : value.GetString() switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        _ => double.NaN,
    };
}
