using System.Security.Cryptography;
using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>The data set <c>library</c>: the uploaded videos that have captions and regions.</summary>
/// <remarks>With <see cref="FewestToDivide"/> clips or more, a tenth is kept from training, to choose a model by: which ones depends on their ids alone.</remarks>
internal sealed class LibraryDataset(TrainingDbContext database) : IDataset
{
    /// <summary>The data set's name and format.</summary>
    public const string LibraryName = "library";

    /// <summary>Fewer clips cannot be told apart, and so not learnt from.</summary>
    public const int FewestClips = 2;

    /// <summary>Of fewer clips none is kept from training.</summary>
    public const int FewestToDivide = 20;

    private const string NoCaptions = "no-captions", NoRegions = "no-regions";

    private IQueryable<ClipRow> Unusable => database.Clips.AsNoTracking().Where(c => !c.Deleted && (c.CaptionCount == 0 || c.Regions == null));

    private IQueryable<ClipRow> Usable => database.Clips.AsNoTracking().Where(c => !c.Deleted && c.CaptionCount > 0 && c.Regions != null);

    /// <summary>What can be used, and what cannot and why: <c>no-captions</c>, or <c>no-regions</c> (still being processed, or failed).</summary>
    public async Task<Dataset> DescribeAsync(CancellationToken cancellationToken)
    {
        var usable = await Usable.Select(c => new { c.VideoId, c.CaptionCount }).ToListAsync(cancellationToken);
        var divided = usable.Count >= FewestToDivide;
        var reasons = new Dictionary<string, int>
        {
            [NoCaptions] = await Unusable.CountAsync(c => c.CaptionCount == 0, cancellationToken),
            [NoRegions] = await Unusable.CountAsync(c => c.CaptionCount > 0, cancellationToken),
        };
        return new Dataset
        {
            Name = LibraryName, Format = LibraryName, Clips = usable.Count, Captions = usable.Sum(c => c.CaptionCount),
            Splits = [.. usable.GroupBy(c => SplitOf(c.VideoId, divided)).OrderBy(g => g.Key == Splits.Val).Select(g => new DatasetSplit(g.Key, g.Count(), g.Sum(c => c.CaptionCount), 0, 0, g.Count()))],
            Unusable = reasons.Where(r => r.Value > 0).ToDictionary(),
            FirstUnusable = await UnusableAsync(DatasetCatalog.Named, cancellationToken).ToListAsync(cancellationToken),
        };
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<UnusableClip> UnusableAsync(int most, CancellationToken cancellationToken) =>
        Unusable.OrderBy(c => c.VideoId).Take(most).Select(c => new { c.VideoId, c.CaptionCount }).AsAsyncEnumerable().Select(c => c.CaptionCount == 0
            ? new UnusableClip(LibraryName, c.VideoId.ToString(), NoCaptions, "The video has no captions.")
            : new UnusableClip(LibraryName, c.VideoId.ToString(), NoRegions, "The video's regions are not extracted yet, or cannot be."));

    /// <inheritdoc/>
    public string Name => LibraryName;

    /// <inheritdoc/>
    public bool MakesFeatures => false;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> SplitsAsync(CancellationToken cancellationToken)
    {
        var ids = await Usable.Select(c => c.VideoId).ToListAsync(cancellationToken);
        return ids.Exists(id => SplitOf(id, ids.Count >= FewestToDivide) == Splits.Val) ? [Splits.Train, Splits.Val, Splits.All] : [Splits.Train, Splits.All];
    }

    /// <summary>Videos are processed when they are uploaded: nothing to do.</summary>
    public Task PrepareAsync(IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Every captioned video with regions.</summary>
    public Task<IReadOnlyList<Clip>> ListAsync(string split, CancellationToken cancellationToken) => PageAsync(split, null, int.MaxValue, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Clip>> PageAsync(string split, string? after, int take, CancellationToken cancellationToken)
    {
        var divided = await Usable.CountAsync(cancellationToken) >= FewestToDivide;
        var rows = Usable;
        if (Guid.TryParse(after, out var last)) rows = rows.Where(c => c.VideoId.CompareTo(last) > 0);
        return await rows.OrderBy(c => c.VideoId).AsAsyncEnumerable().Where(c => split == Splits.All || SplitOf(c.VideoId, divided) == split).Take(take)
            .Select(c => new Clip { Id = c.VideoId.ToString(), Captions = c.Captions, Regions = new ClipRegions(c.Regions) }).ToListAsync(cancellationToken);
    }

    private static string SplitOf(Guid video, bool divided) => divided && SHA256.HashData(video.ToByteArray())[0] < 26 ? Splits.Val : Splits.Train;
}
