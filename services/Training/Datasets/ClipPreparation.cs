using DemoVlp.Contracts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Training.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>When this process began.</summary>
internal sealed record ProcessStart(DateTime At);

/// <summary>
/// Has the region features of generated clips made by the services that make those of uploads, a few at a time, so that an upload never waits for
/// more than these. The rows say what is asked and answered: what a crash or an in-memory bus lost is asked again. What another detector made than the one
/// in use is made anew: features of two detectors mean different things.
/// </summary>
internal sealed partial class ClipPreparation(
    TrainingDbContext database, ShapesFiles files, ClipVideos videos, IBus bus, ProcessStart start, TimeProvider time, ILogger<ClipPreparation> log)
{
    private const int MostInFlight = 24, RowsAtOnce = 500, MostRenewals = 3;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300), FirstRepeat = TimeSpan.FromMinutes(2), LongestRepeat = TimeSpan.FromMinutes(30);

    /// <summary>Returns when every clip of the splits has its features, or will never have them. Any number may work on a data set at once.</summary>
    public async Task PrepareAsync(DatasetRow dataset, IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken)
    {
        foreach (var split in splits) await EnterAsync(dataset, split, cancellationToken);
        var clips = database.DatasetClips.AsNoTracking().Where(c => c.Dataset == dataset.Name && splits.Contains(c.Split));
        // A fault of the system, not of the clip: worth another try whenever somebody wants the clip.
        await clips.Where(c => c.FailureCode == FailureCodes.Internal).ExecuteUpdateAsync(set => set
            .SetProperty(c => c.FailureCode, (string?)null).SetProperty(c => c.FailureDetail, (string?)null).SetProperty(c => c.Asked, 0).SetProperty(c => c.NextAskAt, DateTime.UnixEpoch), cancellationToken);
        var total = await clips.CountAsync(cancellationToken);
        await RenewAsync(clips, cancellationToken);
        for (var (done, renewals) = (-1, 1); ;)
        {
            var now = await clips.CountAsync(c => c.Regions != null || c.FailureCode != null, cancellationToken);
            if (now != done) progress?.Report(new PrepareProgress(now, total));
            done = now;
            if (done >= total)
            {
                // The detector may have changed meanwhile. But workers that do not agree on one would be asked for ever.
                if (renewals++ < MostRenewals && await RenewAsync(clips, cancellationToken) > 0) continue;
                await WarnOfMixAsync(dataset, clips, cancellationToken);
                return;
            }
            if (!await AskAsync(dataset, clips, cancellationToken)) await Task.Delay(Look, cancellationToken);
        }
    }

    // Takes back the answers of other detectors than the one in use, which so are asked for again. The files stay: runs may still read them.
    private async Task<int> RenewAsync(IQueryable<DatasetClipRow> clips, CancellationToken cancellationToken)
    {
        var detector = await database.Detectors.AsNoTracking().OrderByDescending(d => d.LoadedAt).Select(d => d.Sha256).FirstOrDefaultAsync(cancellationToken);
        return detector is null ? 0 : await clips.Where(c => c.Regions != null && c.DetectorHash != detector).ExecuteUpdateAsync(set => set
            .SetProperty(c => c.Regions, (ArtifactRef?)null).SetProperty(c => c.DetectorHash, (string?)null).SetProperty(c => c.Asked, 0).SetProperty(c => c.NextAskAt, DateTime.UnixEpoch), cancellationToken);
    }

    private async Task WarnOfMixAsync(DatasetRow dataset, IQueryable<DatasetClipRow> clips, CancellationToken cancellationToken)
    {
        var detectors = await clips.Where(c => c.Regions != null).Select(c => c.DetectorHash ?? "unknown").Distinct().ToListAsync(cancellationToken);
        if (detectors.Count > 1) LogMix(dataset.Name, string.Join(", ", detectors));
    }

    [LoggerMessage(LogLevel.Warning, "The region features of data set {Dataset} come from several detectors ({Detectors}): do all region-extraction workers use the same one, in the same precision?")]
    private partial void LogMix(string dataset, string detectors);

    // The rows of a split are made before anything is asked: an answer finds its row.
    private async Task EnterAsync(DatasetRow dataset, string split, CancellationToken cancellationToken)
    {
        await files.EnsureAsync(dataset, split, cancellationToken);
        var wanted = ShapesOptions.Of(dataset).CountOf(split);
        while (true)
        {
            var known = await database.DatasetClips.Where(c => c.Dataset == dataset.Name && c.Split == split).Select(c => c.Number).ToListAsync(cancellationToken);
            var missing = Enumerable.Range(0, wanted).Except(known).Take(RowsAtOnce).ToList();
            if (missing.Count == 0) return;
            database.DatasetClips.AddRange(missing.Select(number => new DatasetClipRow
            {
                Dataset = dataset.Name, Clip = split + number, Split = split, Number = number, VideoId = ShapesFiles.VideoIdOf(dataset, split + number), NextAskAt = DateTime.UnixEpoch,
            }));
            try
            {
                await database.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException e)
            {
                // Another worker enters the same clips: then they are there now.
                var entered = missing.Select(number => split + number).ToList();
                if (!await database.DatasetClips.AsNoTracking().AnyAsync(c => c.Dataset == dataset.Name && entered.Contains(c.Clip), cancellationToken))
                    throw new InvalidOperationException("The clips cannot be entered.", e);
            }
            finally
            {
                database.ChangeTracker.Clear();
            }
        }
    }

    // Asks for one clip; false: none is due, or enough are under way.
    private async Task<bool> AskAsync(DatasetRow dataset, IQueryable<DatasetClipRow> clips, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        // What was asked before this process began may have been forgotten with it.
        var open = clips.Where(c => c.Regions == null && c.FailureCode == null);
        var inFlight = await open.CountAsync(c => c.NextAskAt > now && c.AskedAt >= start.At, cancellationToken);
        if (inFlight >= MostInFlight) return false;
        var clip = await open.Where(c => c.NextAskAt <= now || c.AskedAt < start.At).OrderBy(c => c.Asked).ThenBy(c => c.Split).ThenBy(c => c.Number).FirstOrDefaultAsync(cancellationToken);
        if (clip is null) return false;
        var wait = FirstRepeat * Math.Pow(2, Math.Min(clip.Asked, 10));
        var next = now + (wait < LongestRepeat ? wait : LongestRepeat);
        // Whoever changes the row asks.
        var mine = await database.DatasetClips.Where(c => c.Dataset == clip.Dataset && c.Clip == clip.Clip && c.Asked == clip.Asked && c.AskedAt == clip.AskedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.Asked, c => c.Asked + 1).SetProperty(c => c.AskedAt, now).SetProperty(c => c.NextAskAt, next), cancellationToken);
        if (mine == 0) return true;
        var scene = await files.FindAsync(dataset, clip.Clip, cancellationToken) ?? throw new InvalidOperationException($"There is no clip {clip.Clip} in {dataset.Name}.");
        var source = await videos.EnsureAsync(dataset, scene.Scene, cancellationToken);
        await bus.Publish(new VideoUploaded { VideoId = clip.VideoId, Source = source, UploadedAt = now, Dataset = dataset.Name }, cancellationToken);
        return true;
    }
}
