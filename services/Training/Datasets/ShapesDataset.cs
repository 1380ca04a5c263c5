using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>A generated data set. Its clips' features are made when they are first needed.</summary>
internal sealed class ShapesDataset(DatasetRow row, TrainingDbContext database, ShapesFiles files, ClipPreparation preparation) : IDataset
{
    /// <inheritdoc/>
    public string Name => row.Name;

    /// <inheritdoc/>
    public bool MakesFeatures => true;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> SplitsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([.. ShapesOptions.SplitNames, Splits.All]);

    /// <inheritdoc/>
    public Task PrepareAsync(IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken) =>
        preparation.PrepareAsync(row, [.. splits.SelectMany(Parts).Distinct()], progress, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Clip>> ListAsync(string split, CancellationToken cancellationToken) => PageAsync(split, null, int.MaxValue, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Clip>> PageAsync(string split, string? after, int take, CancellationToken cancellationToken)
    {
        var last = after is null ? null : ShapesFiles.Place(after);
        var parts = Parts(split).SkipWhile(part => last is { } l && part != l.Split).ToList();
        var clips = new List<Clip>();
        foreach (var part in parts)
        {
            var skip = last is { } l && part == l.Split ? l.Number + 1 : 0;
            var page = await files.ReadAsync(row, part, skip, take - clips.Count, cancellationToken).ToListAsync(cancellationToken);
            var known = await database.DatasetClips.AsNoTracking().Where(c => c.Dataset == row.Name && c.Split == part && c.Number >= skip && c.Number - skip < page.Count)
                .ToDictionaryAsync(c => c.Clip, cancellationToken);
            clips.AddRange(page.Select(clip => Describe(clip, known.GetValueOrDefault(clip.Scene.Id))));
            if (clips.Count >= take) break;
        }
        return clips;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<UnusableClip> UnusableAsync(int most, CancellationToken cancellationToken) =>
        database.DatasetClips.AsNoTracking().Where(c => c.Dataset == row.Name && c.FailureCode != null).OrderBy(c => c.Split).ThenBy(c => c.Number).Take(most).AsAsyncEnumerable()
            .Select(c => new UnusableClip(c.Split, c.Clip, c.FailureCode!, c.FailureDetail ?? ""));

    private static IReadOnlyList<string> Parts(string split) => split == Splits.All ? ShapesOptions.SplitNames : [split];

    private static Clip Describe(MovingShapes.Clip clip, DatasetClipRow? answer) => new()
    {
        Id = clip.Scene.Id,
        Captions = clip.Captions,
        Questions = [.. clip.Questions.Select(q => new ClipQuestion(q.Text, q.Answer, q.Kind))],
        Choices = [.. clip.Choices.Select(c => new ClipChoice(c.Options, c.Answer))],
        Regions = answer?.Regions is { } regions ? new ClipRegions(regions) : null,
        Missing = answer switch
        {
            { Regions: not null } => null,
            { FailureDetail: { } why } => why,
            _ => "Its regions are not extracted yet.",
        },
    };
}
