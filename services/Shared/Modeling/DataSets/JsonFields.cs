using System.Text.Json;

namespace DemoVlp.Modeling.DataSets;

/// <summary>Fields of JSON rows, and rows of .jsonl files.</summary>
internal static class JsonFields
{
    /// <summary>A field's text; of a number, its digits. Null if there is no such field, or an empty one.</summary>
    internal static string? Text(JsonElement row, string name) => Field(row, name) is not { } value ? null : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Text(value);

    /// <summary>A field's list of texts; an element that has none is null. Null if there is no such list.</summary>
    internal static string?[]? Texts(JsonElement row, string name) => Field(row, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(Text)] : null;

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

    private static JsonElement? Field(JsonElement row, string name) =>
        row.ValueKind == JsonValueKind.Object ? Unicode<JsonElement?>(() => row.TryGetProperty(name, out var value) ? value : null) : null;

    private static string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && Unicode(value.GetString) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

    /// <summary>Bytes or escapes that are no Unicode text count as missing: the caller names the row.</summary>
    private static TValue? Unicode<TValue>(Func<TValue?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return default;
        }
    }
}
