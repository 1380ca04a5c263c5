using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Datasets;

/// <summary>A benchmark data set: its files and features are given, below the import folder.</summary>
internal sealed class BenchmarkDataset(DatasetRow row, ImportFolder imports, BenchmarkCounter counter) : IDataset
{
    /// <inheritdoc/>
    public string Name => row.Name;

    /// <inheritdoc/>
    public bool MakesFeatures => false;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> SplitsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>(row.Splits);

    /// <inheritdoc/>
    public Task PrepareAsync(IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    /// <exception cref="ModelFormatException">The files are broken, or are no longer where they were.</exception>
    public Task<IReadOnlyList<Clip>> ListAsync(string split, CancellationToken cancellationToken) => PageAsync(split, null, int.MaxValue, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Clip>> PageAsync(string split, string? after, int take, CancellationToken cancellationToken) => Task.Run<IReadOnlyList<Clip>>(() =>
    {
        var clips = new List<Clip>();
        var begun = after is null;
        try
        {
            foreach (var clip in BenchmarkFiles.Of(row, imports).Read(split))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (begun) clips.Add(clip);
                else begun = clip.Id == after;
                if (clips.Count >= take) break;
            }
        }
        catch (ApiException e)
        {
            throw new ModelFormatException(e.Code, e.Message, e);
        }
        return clips;
    }, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<UnusableClip> UnusableAsync(int most, CancellationToken cancellationToken) => counter.UnusableAsync(row, cancellationToken).Take(most);
}
