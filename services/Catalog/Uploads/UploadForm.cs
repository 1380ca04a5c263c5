using System.Buffers;
using System.Text;
using DemoVlp.Artifacts;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace DemoVlp.Catalog.Uploads;

/// <summary>What came with an upload.</summary>
internal sealed record UploadForm(ArtifactRef Source, string FileName, string? Title, IReadOnlyList<string> Captions)
{
    private const int MaxParts = 150;

    /// <summary>Reads a multipart body part by part; the file goes straight into the store, the fields may stand before or behind it.</summary>
    /// <param name="reader">The body.</param>
    /// <param name="store">Where the file goes.</param>
    /// <param name="key">Under which key.</param>
    /// <param name="limit">The longest file that is taken.</param>
    /// <param name="cancellationToken">The client went away.</param>
    /// <exception cref="ApiException">400 or 413; the file may be in the store then.</exception>
    public static async Task<UploadForm> ReadAsync(MultipartReader reader, IArtifactStore store, string key, UploadLimit limit, CancellationToken cancellationToken)
    {
        (ArtifactRef Source, string Name)? file = null;
        string? title = null;
        List<string?> captions = [];
        for (var parts = 0; await Guard(reader.ReadNextSectionAsync(cancellationToken)) is { } section; parts++)
        {
            if (parts == MaxParts) throw new ApiException(400, "too-many-parts", $"A form may have {MaxParts} parts at most.");
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)) continue;
            switch (HeaderUtilities.RemoveQuotes(disposition.Name).Value)
            {
                case "file" when file is null:
                    var name = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value;
                    file = (await StoreAsync(section.Body, store, key, limit, cancellationToken), Wording.FileName(name));
                    break;
                case "file":
                    throw new ApiException(400, "too-many-files", "One upload is one file.");
                case "title":
                    title = Wording.Title(await ReadFieldAsync(section.Body, Wording.MaxTitle, "title-too-long", cancellationToken));
                    break;
                case "caption":
                    if (captions.Count == Wording.MaxCaptions) throw new ApiException(400, "too-many-captions", $"A video may have {Wording.MaxCaptions} captions at most.");
                    captions.Add(await ReadFieldAsync(section.Body, Wording.MaxCaption, "caption-too-long", cancellationToken));
                    break;
            }
        }
        return file is { } there ? new UploadForm(there.Source, there.Name, title, Wording.Captions(captions)) : throw NoFile();
    }

    public static ApiException NoFile() => new(400, "no-file", "Send a multipart form with the video in the part named \"file\".");

    private static async Task<ArtifactRef> StoreAsync(Stream body, IArtifactStore store, string key, UploadLimit limit, CancellationToken cancellationToken)
    {
        var head = new byte[MediaSniffer.Length];
        var stored = await store.WriteAsync(key, MediaSniffer.Unknown, async (target, stop) =>
        {
            var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
            try
            {
                long total = 0;
                for (int read; (read = await Guard(body.ReadAsync(buffer, stop).AsTask())) > 0; total += read)
                {
                    if (total + read > limit.Bytes) throw limit.Exceeded();
                    if (total < head.Length) buffer.AsSpan(0, (int)Math.Min(read, head.Length - total)).CopyTo(head.AsSpan((int)total));
                    await target.WriteAsync(buffer.AsMemory(0, read), stop);
                }
                if (total == 0) throw new ApiException(400, "empty-file", "The file is empty.");
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }, cancellationToken);
        return stored with { MediaType = MediaSniffer.Sniff(head.AsSpan(0, (int)Math.Min(stored.Bytes, head.Length))) };
    }

    private static async Task<string> ReadFieldAsync(Stream body, int maxLength, string code, CancellationToken cancellationToken)
    {
        var bytes = new byte[maxLength * 4 + 1];
        var length = await Guard(body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).AsTask());
        if (length == bytes.Length) throw new ApiException(400, code, $"That field may have {maxLength} characters at most.");
        return Encoding.UTF8.GetString(bytes.AsSpan(0, length));
    }

    // Faults of the body are the sender's; faults of our disk are not, and reading is kept apart from writing for that.
    private static async Task<T> Guard<T>(Task<T> read)
    {
        try
        {
            return await read;
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw new ApiException(400, "bad-multipart", "The multipart form is broken or ends too early.");
        }
    }
}

/// <summary>How long a file may be, and what to say if it is longer.</summary>
internal sealed record UploadLimit(long Bytes, Func<ApiException> Exceeded);
