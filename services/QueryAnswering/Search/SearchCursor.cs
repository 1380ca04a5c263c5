using System.Security.Cryptography;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.QueryAnswering.Search;

/// <summary>Where a page ended, and in which search of which generation.</summary>
/// <param name="Generation">The generation that made the page.</param>
/// <param name="Asked">Fingerprint of query and filter.</param>
/// <param name="Score">Of the last hit.</param>
/// <param name="VideoId">The last hit.</param>
internal sealed record SearchCursor(int Generation, string Asked, double Score, Guid VideoId)
{
    /// <summary>The cursor behind a hit.</summary>
    public static SearchCursor Behind(RankedVideo last, GenerationRow generation, string query, SearchFilter? filter) =>
        new(generation.Id, Fingerprint(query, filter), last.Score, last.Id);

    /// <summary>Reads a request's cursor; null: the first page.</summary>
    /// <exception cref="ApiException">400 <c>bad-cursor</c>, 409 <c>generation-gone</c>.</exception>
    public static SearchCursor? Read(string? text, GenerationRow generation, string query, SearchFilter? filter)
    {
        if (Cursor.Decode<SearchCursor>(text) is not { } cursor) return null;
        if (cursor.Asked != Fingerprint(query, filter)) throw new ApiException(400, "bad-cursor", "The cursor belongs to another search; query and filter must stay the same.");
        if (cursor.Generation != generation.Id) throw new ApiException(409, "generation-gone", "The index has been rebuilt since that page; search again from the start.");
        return cursor;
    }

    /// <summary>Whether a hit comes on a later page than the one that ended here.</summary>
    public bool Precedes(RankedVideo video) => video.Score < Score || video.Score == Score && video.Id.CompareTo(VideoId) > 0;

    private static string Fingerprint(string query, SearchFilter? filter) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { query, filter })).AsSpan(0, 8));
}
