using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.DataSets;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>Makes and deletes data sets. Making one checks what was asked for and writes a row; the work follows (<see cref="DatasetUpkeep"/>).</summary>
internal sealed partial class DatasetRequests(TrainingDbContext database, ImportFolder imports, DatasetUpkeepSignal upkeep, TimeProvider time)
{
    private static readonly JsonSerializerOptions Canonical = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Makes a data set, or finds the same one.</summary>
    /// <returns>The row, and whether it is new. Of a small data set what it holds is known already.</returns>
    /// <exception cref="ApiException">400 or 409 with a stable code: it cannot be made as asked.</exception>
    public async Task<(DatasetRow Row, bool Created)> CreateAsync(DatasetRequest request, CancellationToken cancellationToken)
    {
        var name = request.Name ?? "";
        if (!NameForm().IsMatch(name))
            throw Bad("bad-dataset-name", "A data set's name has 1 to 63 lower-case letters, digits, '.', '_' and '-', and begins with a letter or digit.");
        var row = Row(name, request.Format ?? "", request.Options ?? new Dictionary<string, JsonElement>());
        if (name == LibraryDataset.LibraryName) throw Exists(name);
        if (await FindAsync(name, cancellationToken) is { } known) return (Same(known, row), false);
        database.Datasets.Add(row);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException)
        {
            database.ChangeTracker.Clear();
            // A twin at this very moment; anything else is not ours to explain.
            if (await FindAsync(name, cancellationToken) is { } twin) return (Same(twin, row), false);
            throw;
        }
        database.ChangeTracker.Clear();
        upkeep.Wake();
        return (await CountedAsync(row, cancellationToken), true);
    }

    /// <summary>Deletes a data set with its files: it is in no answer from now on.</summary>
    /// <exception cref="ApiException">404 <c>dataset-not-found</c>, 409 <c>dataset-in-use</c> or <c>dataset-not-deletable</c>.</exception>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (name == LibraryDataset.LibraryName) throw new ApiException(409, "dataset-not-deletable", "The library is the uploaded videos: delete those.");
        if (await database.Runs.AnyAsync(r => r.Dataset == name && (r.State == RunState.Queued || r.State == RunState.Running), cancellationToken))
            throw new ApiException(409, "dataset-in-use", "A training run uses the data set; cancel it first, or wait.");
        if (await database.Evaluations.AnyAsync(e => e.Dataset == name && (e.State == RunState.Queued || e.State == RunState.Running), cancellationToken))
            throw new ApiException(409, "dataset-in-use", "An evaluation uses the data set; cancel it first, or wait.");
        var now = time.GetUtcNow().UtcDateTime;
        if (await database.Datasets.Where(d => d.Name == name && d.DeletedAt == null).ExecuteUpdateAsync(set => set.SetProperty(d => d.DeletedAt, now), cancellationToken) == 0)
            throw NotFound();
        upkeep.Wake();
    }

    /// <summary>There is no such data set.</summary>
    public static ApiException NotFound() => new(404, "dataset-not-found", "There is no data set of this name.");

    private DatasetRow Row(string name, string format, IReadOnlyDictionary<string, JsonElement> options)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (format == ShapesOptions.Format)
            return new DatasetRow { Name = name, Format = format, Options = Text(DatasetOptionsReader.Shapes(options)), Splits = [.. ShapesOptions.SplitNames], CreatedAt = now };
        if (!DataSetCatalog.Names.Contains(format))
            throw Bad("unknown-format", $"There is no such format. Known are: {string.Join(", ", DataSetCatalog.Names.Prepend(ShapesOptions.Format))}.");
        var benchmark = DatasetOptionsReader.Benchmark(format, options);
        return new DatasetRow { Name = name, Format = format, Options = Text(benchmark), Splits = [.. new BenchmarkFiles(format, benchmark, imports).Check()], CreatedAt = now };
    }

    private Task<DatasetRow?> FindAsync(string name, CancellationToken cancellationToken) => database.Datasets.AsNoTracking().SingleOrDefaultAsync(d => d.Name == name, cancellationToken);

    private static DatasetRow Same(DatasetRow known, DatasetRow wanted)
    {
        if (known.DeletedAt is not null) throw new ApiException(409, "dataset-being-deleted", "A data set of this name is being deleted; try again in a moment.");
        return known.Format == wanted.Format && known.Options == wanted.Options ? known : throw Exists(known.Name);
    }

    // What is counted within moments need not be asked for again.
    private async Task<DatasetRow> CountedAsync(DatasetRow row, CancellationToken cancellationToken)
    {
        for (var begun = time.GetTimestamp(); time.GetElapsedTime(begun) < Patience; await Task.Delay(Look, cancellationToken))
            if (await FindAsync(row.Name, cancellationToken) is { } now && (now.Counts is not null || now.FailureCode is not null)) return now;
        return row;
    }

    private static string Text<T>(T options) => JsonSerializer.Serialize(options, Canonical);

    private static ApiException Exists(string name) => new(409, "dataset-exists", $"There is a data set '{name}' already, made with other options.");

    private static ApiException Bad(string code, string detail) => new(400, code, detail);

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._-]{0,62}\z")]
    private static partial Regex NameForm();
}
