using System.Buffers.Binary;
using System.Text.Json;

namespace DemoVlp.TextTokenization;

/// <summary>
/// A tokenised corpus as safetensors: <c>ids</c> [total] I32, all texts one after the other, and <c>offsets</c> [texts + 1] I64, where each begins.
/// The metadata says what it was made from.
/// </summary>
internal sealed class CorpusFile : IAsyncDisposable
{
    private const int MaximumHeader = 1 << 16;
    // Totals stand in the header, which comes first: ids wait on disk until all are known.
    private readonly FileStream ids = new(Path.Combine(Path.GetTempPath(), $"demovlp-corpus-{Guid.NewGuid():n}"), FileMode.CreateNew,
        FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
    private readonly List<long> offsets = [0];

    public async ValueTask AddAsync(IReadOnlyList<int> text, CancellationToken cancellationToken)
    {
        var bytes = new byte[text.Count * sizeof(int)];
        for (var i = 0; i < text.Count; i++) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), text[i]);
        await ids.WriteAsync(bytes, cancellationToken);
        offsets.Add(offsets[^1] + text.Count);
    }

    public async Task WriteAsync(Stream stream, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        long offsetBytes = offsets.Count * sizeof(long), idBytes = offsets[^1] * sizeof(int);
        // The 64-bit numbers first, so that both are aligned.
        var header = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["__metadata__"] = metadata,
            ["offsets"] = new { dtype = "I64", shape = new[] { (long)offsets.Count }, data_offsets = new[] { 0, offsetBytes } },
            ["ids"] = new { dtype = "I32", shape = new[] { offsets[^1] }, data_offsets = new[] { offsetBytes, offsetBytes + idBytes } },
        });
        var padded = (header.Length + 7) / 8 * 8;
        var prefix = new byte[sizeof(long) + padded];
        prefix.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteInt64LittleEndian(prefix, padded);
        header.CopyTo(prefix, sizeof(long));
        await stream.WriteAsync(prefix, cancellationToken);
        var positions = new byte[offsetBytes];
        for (var i = 0; i < offsets.Count; i++) BinaryPrimitives.WriteInt64LittleEndian(positions.AsSpan(i * sizeof(long)), offsets[i]);
        await stream.WriteAsync(positions, cancellationToken);
        ids.Position = 0;
        await ids.CopyToAsync(stream, cancellationToken);
    }

    /// <summary>The metadata of a file, or null if it is none.</summary>
    public static async Task<IReadOnlyDictionary<string, string>?> ReadMetadataAsync(Stream stream, CancellationToken cancellationToken)
    {
        var length = new byte[sizeof(long)];
        if (await stream.ReadAtLeastAsync(length, length.Length, throwOnEndOfStream: false, cancellationToken) < length.Length) return null;
        var bytes = BinaryPrimitives.ReadInt64LittleEndian(length);
        if (bytes is < 2 or > MaximumHeader) return null;
        var header = new byte[bytes];
        if (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length) return null;
        try
        {
            return JsonDocument.Parse(header).RootElement.GetProperty("__metadata__").Deserialize<Dictionary<string, string>>();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => ids.DisposeAsync();
}
