using System.Text;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Runs;

/// <summary>The clips of a run, settled when it is first taken: what is uploaded later must not change a run that is resumed.</summary>
internal sealed class RunClips(IArtifactStore artifacts, LibraryDataset library)
{
    /// <summary>The clips and their captions as a corpus (one caption a line, clip after clip).</summary>
    /// <exception cref="RunFailedException"><c>dataset-too-small</c>.</exception>
    public async Task<(IReadOnlyList<Clip> Clips, ArtifactRef Captions)> SettleAsync(Guid runId, CancellationToken cancellationToken)
    {
        if (await artifacts.FindAsync(RunArtifacts.Clips(runId), "application/json", cancellationToken) is { } settled
            && await artifacts.FindAsync(RunArtifacts.Captions(runId), "text/plain", cancellationToken) is { } captions)
        {
            return (JsonSerializer.Deserialize<List<Clip>>(await artifacts.ReadAsync(settled, cancellationToken))!, captions);
        }
        var clips = await library.ListAsync(Splits.Train, cancellationToken);
        if (clips.Count < LibraryDataset.FewestClips) throw new RunFailedException("dataset-too-small", RunRequests.TooSmall().Message);
        var lines = string.Concat(clips.SelectMany(c => c.Captions).Select(c => c + "\n"));
        captions = await WriteAsync(RunArtifacts.Captions(runId), "text/plain", Encoding.UTF8.GetBytes(lines), cancellationToken);
        // Last: where this file is, the captions are complete.
        await WriteAsync(RunArtifacts.Clips(runId), "application/json", JsonSerializer.SerializeToUtf8Bytes(clips), cancellationToken);
        return (clips, captions);
    }

    private Task<ArtifactRef> WriteAsync(string key, string mediaType, byte[] bytes, CancellationToken cancellationToken) =>
        artifacts.WriteAsync(key, mediaType, (target, token) => target.WriteAsync(bytes, token).AsTask(), cancellationToken);
}
