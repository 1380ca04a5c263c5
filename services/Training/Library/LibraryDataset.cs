using DemoVlp.Contracts;
using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Library;

/// <summary>A clip as a run learns from it.</summary>
/// <param name="VideoId">The video.</param>
/// <param name="Captions">At least one.</param>
/// <param name="Regions">Its region file.</param>
internal sealed record Clip(Guid VideoId, IReadOnlyList<string> Captions, ArtifactRef Regions);

/// <summary>The data set <c>library</c>: the uploaded videos that have captions and regions.</summary>
internal sealed class LibraryDataset(TrainingDbContext database)
{
    /// <summary>The data set's name and format.</summary>
    public const string Name = "library";

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
        return new Dataset(Name, Name, await usable.CountAsync(cancellationToken), await usable.SumAsync(c => c.CaptionCount, cancellationToken),
            unusable.Where(u => u.Value > 0).ToDictionary());
    }

    /// <summary>Every clip that can be used now, in an order that depends on nothing but the clips.</summary>
    public async Task<IReadOnlyList<Clip>> ListAsync(CancellationToken cancellationToken)
    {
        var rows = await database.Clips.AsNoTracking().Where(c => !c.Deleted && c.CaptionCount > 0 && c.Regions != null).ToListAsync(cancellationToken);
        return [.. rows.Select(r => new Clip(r.VideoId, r.Captions, r.Regions!)).OrderBy(c => c.VideoId)];
    }
}
