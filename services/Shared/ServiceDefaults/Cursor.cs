using System.Buffers.Text;
using System.Text.Json;

namespace DemoVlp.ServiceDefaults;

/// <summary>Opaque cursors of paged lists: the position as JSON, base64url.</summary>
public static class Cursor
{
    /// <summary>Writes a position.</summary>
    public static string Encode<T>(T position) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(position));

    /// <summary>Reads a position back.</summary>
    /// <exception cref="ApiException">400 <c>bad-cursor</c>: not one of ours.</exception>
    public static T? Decode<T>(string? cursor) where T : class
    {
        if (string.IsNullOrEmpty(cursor)) return null;
        try
        {
            return JsonSerializer.Deserialize<T>(Base64Url.DecodeFromChars(cursor)) ?? throw new JsonException();
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new ApiException(400, "bad-cursor", "The cursor is not one that this list gave out.");
        }
    }

    /// <summary>Checks a page size.</summary>
    /// <exception cref="ApiException">400 <c>bad-limit</c>.</exception>
    public static int Limit(int? limit, int byDefault, int most) => limit switch
    {
        null => byDefault,
        >= 1 when limit <= most => limit.Value,
        _ => throw new ApiException(400, "bad-limit", $"The limit must be between 1 and {most}."),
    };
}
