using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>A data set by name; null: there is none.</summary>
internal delegate Task<IDataset?> FindDataset(string name, CancellationToken cancellationToken);

/// <summary>The data sets there are.</summary>
internal sealed class DatasetCatalog(TrainingDbContext database, LibraryDataset library, ShapesFiles files, ClipPreparation preparation, ImportFolder imports, BenchmarkCounter benchmarks)
{
    /// <summary>How many clips that cannot be used are named in the description of a data set; <see cref="IDataset.UnusableAsync"/> names all.</summary>
    public const int Named = 100;

    /// <summary>A data set by name; null: there is none.</summary>
    public async Task<IDataset?> FindAsync(string name, CancellationToken cancellationToken) =>
        name == LibraryDataset.LibraryName ? library : await RowAsync(name, cancellationToken) is { } row ? Of(row) : null;

    /// <summary>The row of a data set that somebody made; null: there is none.</summary>
    public async Task<DatasetRow?> RowAsync(string name, CancellationToken cancellationToken) =>
        await database.Datasets.AsNoTracking().SingleOrDefaultAsync(d => d.Name == name && d.DeletedAt == null, cancellationToken);

    /// <summary>What a data set holds; null: there is none.</summary>
    public async Task<Dataset?> DescribeAsync(string name, CancellationToken cancellationToken)
    {
        if (name == LibraryDataset.LibraryName) return await library.DescribeAsync(cancellationToken);
        return await RowAsync(name, cancellationToken) is { } row ? await DescribeAsync(row, cancellationToken) : null;
    }

    /// <summary>What a data set that somebody made holds.</summary>
    public async Task<Dataset> DescribeAsync(DatasetRow row, CancellationToken cancellationToken)
    {
        var generated = row.Format == ShapesOptions.Format;
        var splits = row.Counts ?? [.. row.Splits.Select(split => new DatasetSplit(split, generated ? ShapesOptions.Of(row).CountOf(split) : 0, 0, 0, 0, 0))];
        var (unusable, first) = (row.Unusable, row.FirstUnusable);
        if (generated)
        {
            var clips = database.DatasetClips.AsNoTracking().Where(c => c.Dataset == row.Name);
            var prepared = await clips.Where(c => c.Regions != null).GroupBy(c => c.Split).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
            splits = [.. splits.Select(split => split with { WithRegions = prepared.GetValueOrDefault(split.Name) })];
            var failed = clips.Where(c => c.FailureCode != null);
            unusable = await failed.GroupBy(c => c.FailureCode!).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
            first = await Of(row).UnusableAsync(Named, cancellationToken).ToListAsync(cancellationToken);
        }
        return new Dataset
        {
            Name = row.Name, Format = row.Format, CreatedAt = row.CreatedAt, Splits = splits, Unusable = unusable, FirstUnusable = first,
            State = row.FailureCode is not null ? DatasetState.Failed : row.Counts is null ? DatasetState.Counting : DatasetState.Ready,
            Failure = row.FailureCode is { } code ? new VideoFailure(code, row.FailureDetail ?? "") : null,
            Options = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(row.Options)!,
            Clips = splits.Sum(s => s.Clips), Captions = splits.Sum(s => s.Captions), Questions = splits.Sum(s => s.Questions),
        };
    }

    private IDataset Of(DatasetRow row) => row.Format == ShapesOptions.Format ? new ShapesDataset(row, database, files, preparation) : new BenchmarkDataset(row, imports, benchmarks);
}
