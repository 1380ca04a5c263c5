using System.Text;
using System.Text.Json;

namespace DemoVlp.Modeling.DataSets;

/// <summary>The elements of a JSON list, one at a time: of the list that a file is, or of one property of the object that it is. No other part of the file stays in memory.</summary>
internal sealed class JsonElements : IDisposable
{
    private const int MaximumElement = 16 << 20;

    private readonly string path;
    private readonly FileStream stream;
    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private bool isAtEnd;
    private long number;
    private JsonReaderState state = new(new JsonReaderOptions { CommentHandling = JsonCommentHandling.Disallow });

    private JsonElements(string path) => (this.path, stream) = (path, File.OpenRead(path));

    /// <summary>Numbers from 1 and elements.</summary>
    /// <param name="path">The file.</param>
    /// <param name="property">Property of the outermost object; null if the file is a list.</param>
    /// <exception cref="ModelFormatException"><c>dataset-malformed</c>.</exception>
    internal static IEnumerable<(long Number, JsonElement Element)> Read(string path, string? property)
    {
        using var elements = new JsonElements(path);
        elements.SkipByteOrderMark();
        elements.Enter(property);
        while (elements.Next() is { } element) yield return (elements.number, element);
    }

    public void Dispose() => stream.Dispose();

    private void SkipByteOrderMark()
    {
        Fill();
        if (buffer.AsSpan(0, end).StartsWith(Encoding.UTF8.Preamble)) start = Encoding.UTF8.Preamble.Length;
    }

    private void Enter(string? property)
    {
        var isEntered = false;
        var isNamed = property is null;
        while (!isEntered) Step((ref Utf8JsonReader reader) =>
        {
            while (reader.Read())
            {
                if (isNamed)
                {
                    isEntered = reader.TokenType == JsonTokenType.StartArray ? true : throw Malformed(property is null ? "it is no list." : $"'{property}' is no list.");
                    return true;
                }
                if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject)) throw Malformed("it is no object.");
                isNamed = reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals(property);
            }
            return !isAtEnd ? false : throw Malformed($"it has no '{property}'.");
        });
    }

    private JsonElement? Next()
    {
        JsonElement? found = null;
        var isDone = false;
        while (!isDone) Step((ref Utf8JsonReader reader) =>
        {
            var before = reader;
            if (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.EndArray) return isDone = true;
                if (JsonDocument.TryParseValue(ref reader, out var document))
                {
                    using (document) found = document.RootElement.Clone();
                    number++;
                    return isDone = true;
                }
            }
            // The element goes on beyond the buffer: read it again, from its beginning, with more of the file.
            reader = before;
            return !isAtEnd ? false : throw Malformed("it ends too early.");
        });
        return found;
    }

    private delegate bool Reading(ref Utf8JsonReader reader);

    private void Step(Reading read)
    {
        var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), isAtEnd, state);
        bool isDone;
        try
        {
            isDone = read(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: a property name that is no Unicode text.
        {
            throw Malformed(number == 0 ? e.Message : $"after element {number}: {e.Message}", e);
        }
        start += (int)reader.BytesConsumed;
        state = reader.CurrentState;
        if (!isDone) Fill();
    }

    private void Fill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (end == buffer.Length)
        {
            if (buffer.Length >= MaximumElement) throw Malformed($"element {number + 1} is larger than {MaximumElement} bytes.");
            Array.Resize(ref buffer, buffer.Length * 2);
        }
        var count = stream.Read(buffer, end, buffer.Length - end);
        isAtEnd = count == 0;
        end += count;
    }

    private ModelFormatException Malformed(string message, Exception? inner = null) => DataSetRequest.Malformed(path, message, inner);
}
