using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>The data set <c>library</c>: the uploaded videos that have captions and regions.</summary>
internal sealed class LibraryDataset(TrainingDbContext database) : IDataset
{
    /// <summary>The data set's name and format.</summary>
    public const string LibraryName = "library";

    /// <summary>Fewer clips cannot be told apart, and so not learnt from.</summary>
    public const int FewestClips = 2;

    /// <summary>What can be used, and what cannot and why: <c>no-captions</c>, or <c>no-regions</c> (still being processed, or failed).</summary>
    public async Task<Dataset> DescribeAsync(CancellationToken cancellationToken)
    {
        var clips = database.Clips.Where(c => !c.Deleted);
        var usable = clips.Where(c => c.CaptionCount > 0 && c.Regions != null);
        var unusable = new Dictionary<string, int>
        {
            ["no-captions"] = await clips.CountAsync(c => c.CaptionCount == 0, cancellationToken),
            ["no-regions"] = await clips.CountAsync(c => c.CaptionCount > 0 && c.Regions == null, cancellationToken),
        };
        return new Dataset(LibraryName, LibraryName, await usable.CountAsync(cancellationToken), await usable.SumAsync(c => c.CaptionCount, cancellationToken),
            unusable.Where(u => u.Value > 0).ToDictionary());
    }

    /// <inheritdoc/>
    public string Name => LibraryName;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> SplitsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([Splits.Train]);

    /// <summary>Videos are processed when they are uploaded: nothing to do.</summary>
    public Task PrepareAsync(IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Every captioned video with regions.</summary>
    public async Task<IReadOnlyList<Clip>> ListAsync(string split, CancellationToken cancellationToken)
    {
        var rows = await database.Clips.AsNoTracking().Where(c => !c.Deleted && c.CaptionCount > 0 && c.Regions != null).ToListAsync(cancellationToken);
        return [.. rows.OrderBy(r => r.VideoId).Select(r => new Clip { Id = r.VideoId.ToString(), Captions = r.Captions, Regions = new ClipRegions(r.Regions) })];
    }
}
