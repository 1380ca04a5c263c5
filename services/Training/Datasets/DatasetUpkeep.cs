using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>Tells the upkeep that there is something to do.</summary>
internal sealed class DatasetUpkeepSignal : IDisposable
{
    private readonly SemaphoreSlim something = new(0);

    public void Wake() => something.Release();

    /// <summary>Returns after a wake, or when it is time to look anyway: another replica may have been told.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => something.WaitAsync(atMost, cancellationToken);

    public void Dispose() => something.Dispose();
}

/// <summary>Counts what new data sets hold, and removes the files of deleted ones. The rows say what is left to do.</summary>
internal sealed partial class DatasetUpkeep(IServiceScopeFactory scopes, DatasetUpkeepSignal signal, IHostApplicationLifetime lifetime, ILogger<DatasetUpkeep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        while (true)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<DatasetChores>().DoAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e);
            }
            await signal.WaitAsync(Interval, stoppingToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The upkeep of the data sets failed; it goes on in a moment.")]
    private partial void LogFailed(Exception exception);
}

/// <summary>The work of <see cref="DatasetUpkeep"/>.</summary>
internal sealed partial class DatasetChores(
    TrainingDbContext database, ShapesFiles files, ImportFolder imports, BenchmarkCounter benchmarks, IArtifactStore artifacts, IBus bus, ILogger<DatasetChores> log)
{
    private const int ClipsAtOnce = 500;

    /// <summary>Does what is to be done now.</summary>
    public async Task DoAsync(CancellationToken cancellationToken)
    {
        foreach (var dataset in await database.Datasets.AsNoTracking().Where(d => d.DeletedAt != null).ToListAsync(cancellationToken)) await RemoveAsync(dataset, cancellationToken);
        var usable = await database.Datasets.AsNoTracking().Where(d => d.DeletedAt == null && d.FailureCode == null).ToListAsync(cancellationToken);
        // Those that an earlier version counted lack the list of what cannot be used.
        foreach (var dataset in usable.Where(d => d.Counts is null || d.Format != ShapesOptions.Format && !benchmarks.HasCounted(d)).OrderBy(d => d.CreatedAt))
            await CountAsync(dataset, cancellationToken);
    }

    private async Task CountAsync(DatasetRow row, CancellationToken cancellationToken)
    {
        try
        {
            var counted = row.Format == ShapesOptions.Format
                ? new DatasetCounts(await CountShapesAsync(row, cancellationToken), new Dictionary<string, int>(), [])
                : await benchmarks.CountAsync(row, cancellationToken);
            var (splits, unusable, first) = ((List<DatasetSplit>)[.. counted.Splits], counted.Unusable.ToDictionary(), (List<UnusableClip>)[.. counted.First]);
            var kept = await database.Datasets.Where(d => d.Name == row.Name && d.Options == row.Options).ExecuteUpdateAsync(set => set
                .SetProperty(d => d.Counts, splits).SetProperty(d => d.Unusable, unusable).SetProperty(d => d.FirstUnusable, first), cancellationToken);
            // Deleted meanwhile.
            if (kept == 0) artifacts.Delete(DatasetFolder.Of(row));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The others go on; this one is tried again.
            LogNotCounted(e, row.Name);
        }
        catch (Exception e) when (e is ModelFormatException or ApiException)
        {
            var (code, detail) = e is ModelFormatException format ? (format.Code, imports.WithoutRoot(e.Message)) : (((ApiException)e).Code, e.Message);
            await database.Datasets.Where(d => d.Name == row.Name && d.Options == row.Options)
                .ExecuteUpdateAsync(set => set.SetProperty(d => d.FailureCode, code).SetProperty(d => d.FailureDetail, detail), cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The data set {Dataset} could not be counted; it is tried again.")]
    private partial void LogNotCounted(Exception exception, string dataset);

    private async Task<List<DatasetSplit>> CountShapesAsync(DatasetRow row, CancellationToken cancellationToken)
    {
        var splits = new List<DatasetSplit>();
        foreach (var split in row.Splits)
        {
            var counts = new DatasetSplit(split, 0, 0, 0, 0, 0);
            await foreach (var clip in files.ReadAsync(row, split, 0, int.MaxValue, cancellationToken))
                counts = counts with { Clips = counts.Clips + 1, Captions = counts.Captions + clip.Captions.Count, Questions = counts.Questions + clip.Questions.Count, Choices = counts.Choices + clip.Choices.Count };
            splits.Add(counts);
        }
        return splits;
    }

    private async Task RemoveAsync(DatasetRow row, CancellationToken cancellationToken)
    {
        while (true)
        {
            var clips = await database.DatasetClips.AsNoTracking().Where(c => c.Dataset == row.Name).OrderBy(c => c.Clip).Take(ClipsAtOnce).ToListAsync(cancellationToken);
            if (clips.Count == 0) break;
            foreach (var clip in clips.Where(c => c.AskedAt is not null))
                await bus.Publish(new VideoDeleted { VideoId = clip.VideoId, DeletedAt = row.DeletedAt!.Value, Dataset = row.Name }, cancellationToken);
            var names = clips.ConvertAll(c => c.Clip);
            await database.DatasetClips.Where(c => c.Dataset == row.Name && names.Contains(c.Clip)).ExecuteDeleteAsync(cancellationToken);
        }
        artifacts.Delete(DatasetFolder.Of(row.Name));
        await database.Datasets.Where(d => d.Name == row.Name).ExecuteDeleteAsync(cancellationToken);
    }
}
