using System.Text.Json;

namespace DemoVlp.Modeling.DataSets;

/// <summary>Fields of JSON rows, and rows of .jsonl files.</summary>
internal static class JsonFields
{
    /// <summary>A field's text; of a number, its digits. Null if there is no such field, or an empty one.</summary>
    internal static string? Text(JsonElement row, string name)
    {
        if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty(name, out var value)) return null;
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }

    /// <summary>A field's list of texts; an element that has none is null. Null if there is no such list.</summary>
    internal static string?[]? Texts(JsonElement row, string name) =>
        row.ValueKind == JsonValueKind.Object && row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(element => element.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(element.GetString()) ? element.GetString() : null)]
            : null;

    /// <summary>The rows of a file with a JSON object on each line.</summary>
    internal static IEnumerable<Row<TItem>> ReadLines<TItem>(string path, Func<RowPlace, JsonElement, Row<TItem>> parse) where TItem : DataSetItem
    {
        var file = Path.GetFileName(path);
        foreach (var (number, line) in BoundedLines.Read(path))
        {
            var place = new RowPlace(file, number);
            yield return line is null ? new UnusableRow(place, "", UnusableReasons.TooLong, $"The line has more than {BoundedLines.MaximumLength} characters.") : Parse(place, line, parse);
        }
    }

    private static Row<TItem> Parse<TItem>(RowPlace place, string line, Func<RowPlace, JsonElement, Row<TItem>> parse) where TItem : DataSetItem
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object ? parse(place, document.RootElement) : new UnusableRow(place, "", UnusableReasons.Malformed, "The line is no JSON object.");
        }
        catch (JsonException e)
        {
            return new UnusableRow(place, "", UnusableReasons.Malformed, $"The line is no JSON: {e.Message}");
        }
    }
}
