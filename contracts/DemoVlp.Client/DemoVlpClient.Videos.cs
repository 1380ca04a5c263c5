using System.Net;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

public sealed partial class DemoVlpClient
{
    /// <summary>Uploads a video as a stream; nothing is held in memory.</summary>
    /// <param name="content">The bytes, from where the stream stands. Not disposed.</param>
    /// <param name="upload">Name, title, captions.</param>
    /// <param name="progress">Told how many bytes have been sent so far.</param>
    /// <param name="cancellationToken">Stops the upload.</param>
    /// <returns>The video, and whether the same bytes were there already.</returns>
    public async Task<UploadResult> UploadAsync(Stream content, VideoUpload upload, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using var form = new MultipartFormDataContent();
        // Before the file, so that the reader knows them when it comes to the bytes.
        if (upload.Title is { } title) form.Add(new StringContent(title), "title");
        foreach (var caption in upload.Captions) form.Add(new StringContent(caption), "caption");
        form.Add(new ProgressContent(content, progress), "file", HeaderSafe(upload.FileName));
        var request = new HttpRequestMessage(HttpMethod.Post, Root + "videos") { Content = form };
        // Lets the system refuse (key, size, quota) before gigabytes are on their way.
        request.Headers.ExpectContinue = true;
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        var video = await ReadAsync(response, ClientJson.Default.Video, cancellationToken);
        return new UploadResult(video, AlreadyThere: response.StatusCode == HttpStatusCode.OK);
    }

    /// <summary>All videos, newest first, page after page as they are asked for.</summary>
    /// <param name="status">Only those in this stage (<see cref="VideoStatus"/>); null: all.</param>
    /// <param name="pageSize">Videos per request; null: the system's choice.</param>
    /// <param name="cancellationToken">Stops the listing.</param>
    public IAsyncEnumerable<Video> ListVideosAsync(string? status = null, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync(With(With("videos", "status", status), "limit", pageSize?.ToString(System.Globalization.CultureInfo.InvariantCulture)), ClientJson.Default.PageVideo, cancellationToken);

    /// <summary>One video.</summary>
    public Task<Video> GetVideoAsync(Guid id, CancellationToken cancellationToken = default) => GetAsync($"videos/{id}", ClientJson.Default.Video, cancellationToken);

    /// <summary>Each change of a video, until it is indexed or failed.</summary>
    public IAsyncEnumerable<Video> WatchVideoAsync(Guid id, CancellationToken cancellationToken = default) => WatchAsync($"videos/{id}/events", ClientJson.Default.Video, cancellationToken);

    /// <summary>The original, as uploaded.</summary>
    /// <param name="id">The video.</param>
    /// <param name="offset">The first byte wanted.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns>A stream to be disposed.</returns>
    public Task<Stream> OpenContentAsync(Guid id, long offset = 0, CancellationToken cancellationToken = default) => OpenAsync($"videos/{id}/content", offset, cancellationToken);

    /// <summary>A sampled frame as JPEG.</summary>
    /// <returns>A stream to be disposed.</returns>
    public Task<Stream> OpenFrameAsync(Guid id, int index, CancellationToken cancellationToken = default) => OpenAsync($"videos/{id}/frames/{index}", 0, cancellationToken);

    /// <summary>A sampled frame as JPEG with its most confident regions drawn on it, each with its name.</summary>
    /// <param name="id">The video.</param>
    /// <param name="index">The frame.</param>
    /// <param name="top">How many regions of confidence 0.05 or more, 1 to 100; null: 12.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns>A stream to be disposed.</returns>
    public Task<Stream> OpenOverlayAsync(Guid id, int index, int? top = null, CancellationToken cancellationToken = default) =>
        OpenAsync(With($"videos/{id}/frames/{index}?overlay=regions", "top", top?.ToString(System.Globalization.CultureInfo.InvariantCulture)), 0, cancellationToken);

    /// <summary>How many videos have regions of another detector than the one in use.</summary>
    public Task<ReExtraction> GetReExtractionAsync(CancellationToken cancellationToken = default) => GetAsync("regions/re-extraction", ClientJson.Default.ReExtraction, cancellationToken);

    /// <summary>Extracts the regions of those videos again, in the background; until then they are found by the old ones. Doing it twice is doing it once.</summary>
    public Task<ReExtraction> BeginReExtractionAsync(CancellationToken cancellationToken = default) => PostAsync("regions/re-extraction", ClientJson.Default.ReExtraction, cancellationToken);

    /// <summary>What the detector found in each sampled frame.</summary>
    public Task<VideoRegions> GetRegionsAsync(Guid id, CancellationToken cancellationToken = default) => GetAsync($"videos/{id}/regions", ClientJson.Default.VideoRegions, cancellationToken);

    /// <summary>Deletes a video; from then on it is in no answer.</summary>
    public async Task DeleteVideoAsync(Guid id, CancellationToken cancellationToken = default) =>
        (await SendAsync(new HttpRequestMessage(HttpMethod.Delete, $"{Root}videos/{id}"), HttpCompletionOption.ResponseContentRead, cancellationToken)).Dispose();

    /// <summary>Replaces a video's captions.</summary>
    public Task<Video> SetCaptionsAsync(Guid id, IReadOnlyList<string> captions, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"videos/{id}/captions", new CaptionsUpdate(captions), ClientJson.Default.CaptionsUpdate, ClientJson.Default.Video, cancellationToken);

    /// <summary>Tries a failed video again.</summary>
    public Task<Video> RetryVideoAsync(Guid id, CancellationToken cancellationToken = default) => PostAsync($"videos/{id}/retry", ClientJson.Default.Video, cancellationToken);

    // Quotes and control characters have no place in a header; file systems allow them.
    private static string HeaderSafe(string fileName) => new([.. fileName.Select(c => c == '"' ? '\'' : char.IsControl(c) ? '_' : c)]);

    private async Task<Stream> OpenAsync(string path, long offset, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Root + path);
        if (offset > 0) request.Headers.Range = new(offset, null);
        var response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        // The response goes with its stream.
        return await response.Content.ReadAsStreamAsync(cancellationToken);
    }
}

/// <summary>What goes with an uploaded file.</summary>
/// <param name="FileName">The file's name; the title if none is given.</param>
public sealed record VideoUpload(string FileName)
{
    /// <summary>Shown in lists.</summary>
    public string? Title { get; init; }

    /// <summary>Captions that training may use.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];
}

/// <summary>Outcome of an upload.</summary>
/// <param name="Video">The video.</param>
/// <param name="AlreadyThere">The same bytes had been uploaded before; this is that video.</param>
public sealed record UploadResult(Video Video, bool AlreadyThere);
