using System.Globalization;
using System.Text;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace DemoVlp.Training.Registry.Import;

/// <summary>Reads an uploaded import part by part into a folder; nothing is held in memory.</summary>
/// <param name="workspace">An empty folder, the caller's to delete.</param>
/// <param name="mostBytes">Bytes of all files together.</param>
internal sealed class ImportForm(string workspace, long mostBytes)
{
    private const int MaxParts = 40, MaxField = 4000;
    private static readonly string[] ModelFiles = ["config.json", "model.safetensors", "vocab.txt", "answers.txt"];
    private static readonly string[] DistilBertFiles = ["config.json", "model.safetensors", "pytorch_model.bin", "vocab.txt"];

    private readonly Dictionary<string, string> fields = new(StringComparer.Ordinal), files = new(StringComparer.Ordinal);
    private long total;

    /// <summary>Reads the form to its end.</summary>
    /// <exception cref="ApiException">400, or 413 <c>model-too-large</c>.</exception>
    public async Task<ImportFiles> ReadAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        for (var parts = 0; await Guard(reader.ReadNextSectionAsync(cancellationToken)) is { } section; parts++)
        {
            if (parts == MaxParts) throw new ApiException(400, "too-many-parts", $"A form may have {MaxParts} parts at most.");
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)) continue;
            var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? "";
            var fileName = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value ?? "";
            await ReadPartAsync(name, fileName, section.Body, cancellationToken);
        }
        return new ImportFiles
        {
            Model = Find("model"), Checkpoint = Find("checkpoint"), DistilBert = Find("distilbert"), Vit = Find("vit"), Vocabulary = Find("vocabulary"), Answers = Find("answers"),
            Name = fields.GetValueOrDefault("name"), Description = fields.GetValueOrDefault("description"),
            Options = new ImportOptions { NumFrames = Number("frames"), ObjectNum = Number("regions"), FeatureDim = Number("featureDim"), HeadWidth = Number("headWidth") ?? ImportFiles.PublishedHeadWidth },
        };
    }

    private async Task ReadPartAsync(string name, string fileName, Stream body, CancellationToken cancellationToken)
    {
        switch (name)
        {
            case "model":
                await StoreInAsync("model", ModelFiles, fileName, body, cancellationToken);
                break;
            case "distilbert":
                await StoreInAsync("distilbert", DistilBertFiles, fileName, body, cancellationToken);
                break;
            case "checkpoint" or "vit" or "vocabulary" or "answers":
                await StoreAsync(name, Path.Combine(workspace, name), body, cancellationToken);
                break;
            case "name" or "description" or "frames" or "regions" or "featureDim" or "headWidth":
                fields[name] = await ReadFieldAsync(body, cancellationToken);
                break;
        }
    }

    // A directory's other files (cards, tokenizers of other libraries) are of no use here and not kept.
    private async Task StoreInAsync(string folder, string[] known, string fileName, Stream body, CancellationToken cancellationToken)
    {
        var name = fileName.Split('/', '\\')[^1];
        if (!known.Contains(name)) return;
        Directory.CreateDirectory(Path.Combine(workspace, folder));
        await StoreAsync($"{folder}/{name}", Path.Combine(workspace, folder, name), body, cancellationToken);
        files[folder] = Path.Combine(workspace, folder);
    }

    private async Task StoreAsync(string part, string path, Stream body, CancellationToken cancellationToken)
    {
        if (!files.TryAdd(part, path)) throw new ApiException(400, "file-twice", $"The file {part} is there twice.");
        await using var target = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        var buffer = new byte[1 << 16];
        for (int read; (read = await Guard(body.ReadAsync(buffer, cancellationToken).AsTask())) > 0;)
        {
            if ((total += read) > mostBytes) throw TooLarge(mostBytes);
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    /// <summary>What is said of an import that is too long.</summary>
    public static ApiException TooLarge(long mostBytes) =>
        new(413, "model-too-large", $"The files of an import may have {mostBytes} bytes together at most; larger ones are imported from the import folder (Training:ImportFolder).");

    private string? Find(string part) => files.GetValueOrDefault(part);

    private int? Number(string field)
    {
        if (!fields.TryGetValue(field, out var text) || text.Length == 0) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new ApiException(400, "bad-number", $"The field {field} must be a whole number.");
    }

    private static async Task<string> ReadFieldAsync(Stream body, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxField + 1];
        var length = await Guard(body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).AsTask());
        if (length == bytes.Length) throw new ApiException(400, "field-too-long", $"A field may have {MaxField} bytes at most.");
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
