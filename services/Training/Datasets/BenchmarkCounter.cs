using System.Runtime.CompilerServices;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Datasets;

/// <summary>Counts what benchmark files hold and keeps every row that cannot be used in a file of JSON lines: there may be millions of them.</summary>
internal sealed class BenchmarkCounter(ImportFolder imports, IArtifactStore artifacts)
{
    /// <summary>JSON, one document a line.</summary>
    public const string LinesType = "application/jsonl";

    /// <summary>Goes through all files once.</summary>
    /// <exception cref="ModelFormatException">The files are broken.</exception>
    /// <exception cref="ApiException">They are no longer where they were.</exception>
    public async Task<DatasetCounts> CountAsync(DatasetRow row, CancellationToken cancellationToken)
    {
        DatasetCounts? counts = null;
        await artifacts.WriteAsync(KeyOf(row), LinesType, (stream, token) => Task.Run(() => counts = BenchmarkFiles.Of(row, imports).Count(row.Splits, clip =>
        {
            JsonSerializer.Serialize(stream, clip, JsonSerializerOptions.Web);
            stream.WriteByte((byte)'\n');
        }, token), token), cancellationToken);
        return counts!;
    }

    /// <summary>Whether the rows that cannot be used are known.</summary>
    public bool HasCounted(DatasetRow row) => artifacts.List(DatasetFolder.Of(row)).Contains(KeyOf(row));

    /// <summary>Every row that cannot be used, in the order of the files; none before they have been counted.</summary>
    public async IAsyncEnumerable<UnusableClip> UnusableAsync(DatasetRow row, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!HasCounted(row)) yield break;
        await using var file = File.OpenRead(artifacts.GetLocalPath(new ArtifactRef(KeyOf(row), "", 0, LinesType)));
        await foreach (var clip in JsonSerializer.DeserializeAsyncEnumerable<UnusableClip>(file, topLevelValues: true, JsonSerializerOptions.Web, cancellationToken)) yield return clip!;
    }

    private static string KeyOf(DatasetRow row) => $"{DatasetFolder.Of(row)}/unusable.jsonl";
}
