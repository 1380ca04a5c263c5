using System.Runtime.CompilerServices;
using System.Text.Json;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

public sealed partial class DemoVlpClient
{
    /// <summary>All data sets: the library first, then by name.</summary>
    public IAsyncEnumerable<Dataset> ListDatasetsAsync(CancellationToken cancellationToken = default) => ListAsync("datasets", ClientJson.Default.PageDataset, cancellationToken);

    /// <summary>One data set.</summary>
    public Task<Dataset> GetDatasetAsync(string name, CancellationToken cancellationToken = default) => GetAsync(PathOf(name), ClientJson.Default.Dataset, cancellationToken);

    /// <summary>Makes a data set. The same name with the same options again is the same data set.</summary>
    public Task<Dataset> CreateDatasetAsync(DatasetRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "datasets", request, ClientJson.Default.DatasetRequest, ClientJson.Default.Dataset, cancellationToken);

    /// <summary>Deletes a data set and all that was made for it.</summary>
    public async Task DeleteDatasetAsync(string name, CancellationToken cancellationToken = default) =>
        (await SendAsync(new HttpRequestMessage(HttpMethod.Delete, Root + PathOf(name)), HttpCompletionOption.ResponseContentRead, cancellationToken)).Dispose();

    /// <summary>The clips of a data set with what is known of them.</summary>
    /// <param name="name">The data set.</param>
    /// <param name="split">Only this one; null: all.</param>
    /// <param name="cancellationToken">Stops asking for more.</param>
    public IAsyncEnumerable<DatasetClip> ListDatasetClipsAsync(string name, string? split = null, CancellationToken cancellationToken = default) =>
        ListAsync(With($"{PathOf(name)}/clips", "split", split), ClientJson.Default.PageDatasetClip, cancellationToken);

    /// <summary>Every clip or row of a data set that cannot be used, and why.</summary>
    /// <param name="name">The data set.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async IAsyncEnumerable<UnusableClip> ListUnusableClipsAsync(string name, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var lines = await OpenAsync($"{PathOf(name)}/unusable", 0, cancellationToken);
        await foreach (var clip in JsonSerializer.DeserializeAsyncEnumerable(lines, ClientJson.Default.UnusableClip, topLevelValues: true, cancellationToken)) yield return clip!;
    }

    /// <summary>A clip as a video.</summary>
    /// <param name="name">The data set.</param>
    /// <param name="clip">The clip's id.</param>
    /// <param name="offset">The first byte wanted.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns>A stream to be disposed.</returns>
    public Task<Stream> OpenDatasetClipAsync(string name, string clip, long offset = 0, CancellationToken cancellationToken = default) =>
        OpenAsync($"{PathOf(name)}/clips/{Uri.EscapeDataString(clip)}/content", offset, cancellationToken);

    private static string PathOf(string dataset) => $"datasets/{Uri.EscapeDataString(dataset)}";
}
