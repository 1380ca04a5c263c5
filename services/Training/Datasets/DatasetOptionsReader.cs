using System.Text.Json;
using DemoVlp.Modeling.DataSets;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.Training.Datasets;

/// <summary>Reads the options of a wish for a data set.</summary>
internal static class DatasetOptionsReader
{
    private static readonly string[] Vocabularies = [ShapesOptions.Standard, ShapesOptions.Extended];

    /// <summary>Options of <c>moving-shapes</c>.</summary>
    /// <exception cref="ApiException">400 <c>unknown-option</c> or <c>bad-option</c>.</exception>
    public static ShapesOptions Shapes(IReadOnlyDictionary<string, JsonElement> options)
    {
        Know(options, "seed", "clips", "vocabulary");
        var vocabulary = Text(options, "vocabulary") ?? ShapesOptions.Standard;
        if (!Vocabularies.Contains(vocabulary)) throw Bad($"The vocabulary must be one of: {string.Join(", ", Vocabularies)}.");
        return new ShapesOptions(
            Whole(options, "seed", 0, long.MaxValue) ?? throw Bad("A seed is needed: a whole number from 0."),
            (int)(Whole(options, "clips", ShapesOptions.FewestClips, ShapesOptions.MostClips) ?? throw Bad($"The number of clips is needed: from {ShapesOptions.FewestClips} to {ShapesOptions.MostClips}.")),
            vocabulary);
    }

    /// <summary>Options of a benchmark format.</summary>
    /// <exception cref="ApiException">400 <c>unknown-option</c> or <c>bad-option</c>.</exception>
    public static BenchmarkOptions Benchmark(string format, IReadOnlyDictionary<string, JsonElement> options)
    {
        string[] common = ["annotations", "regions", "share", "seed", "reference"];
        Know(options, format == "msrvtt" ? [.. common, "cut"] : common);
        if (Text(options, "cut") is { } cut && !DataSetCatalog.MsrvttCuts.Contains(cut)) throw Bad($"The cut must be one of: {string.Join(", ", DataSetCatalog.MsrvttCuts)}.");
        return new BenchmarkOptions(
            Text(options, "annotations") ?? throw Bad("The folder of the annotations is needed, below the import folder."),
            Text(options, "regions") ?? throw Bad("The folder of the region features is needed, below the import folder."))
        {
            Cut = Text(options, "cut"),
            Share = Share(options),
            Seed = Whole(options, "seed", 0, long.MaxValue),
            Reference = Given(options, "reference") switch
            {
                null => null,
                { ValueKind: JsonValueKind.True } => true,
                { ValueKind: JsonValueKind.False } => null,
                _ => throw Bad("The option 'reference' must be true or false."),
            },
        };
    }

    private static void Know(IReadOnlyDictionary<string, JsonElement> options, params string[] known)
    {
        if (options.Keys.FirstOrDefault(key => !known.Contains(key)) is { } other)
            throw new ApiException(400, "unknown-option", $"This format has no option '{(other.Length <= 40 ? other : other[..40])}'. Known are: {string.Join(", ", known)}.");
    }

    private static string? Text(IReadOnlyDictionary<string, JsonElement> options, string name) => Given(options, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        _ => throw Bad($"The option '{name}' must be text."),
    };

    private static long? Whole(IReadOnlyDictionary<string, JsonElement> options, string name, long least, long most)
    {
        if (Given(options, name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= least && number <= most
            ? number
            : throw Bad($"The option '{name}' must be a whole number {(most == long.MaxValue ? $"from {least}" : $"from {least} to {most}")}.");
    }

    private static double? Share(IReadOnlyDictionary<string, JsonElement> options)
    {
        if (Given(options, "share") is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var share) && share is > 0 and <= 1 ? share : throw Bad("The share of the rows must be above 0 and at most 1.");
    }

    private static JsonElement? Given(IReadOnlyDictionary<string, JsonElement> options, string name) =>
        options.TryGetValue(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? value : null;

    private static ApiException Bad(string detail) => new(400, "bad-option", detail);
}
