using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.Catalog.Redrive;

/// <summary>
/// Publishes again what a crash or a lost message left behind: the event of a video that does not move, descriptions nobody was told,
/// deletions. A row is claimed before, so that of several replicas one does it.
/// </summary>
internal sealed class VideoSweep(CatalogDbContext database, VideoAnnouncer announcer, IOptions<CatalogOptions> options, ILogger<VideoSweep> log)
{
    private const int Batch = 100;

    /// <summary>How often a deletion is published besides the first time; each distance is four times the last.</summary>
    public const int Deletions = 5;

    /// <summary>How often a stage is published again before the video counts as failed: the better part of a day, or this many restarts that it did not survive.</summary>
    public const int Patience = 20;

    /// <summary>How many videos are re-extracted at a time: new uploads wait behind these and not behind a whole library.</summary>
    public const int Renewals = 64;

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>After a restart with a bus in memory: every message is lost, so all that waits is due at once.</summary>
    public async Task RestartAsync(DateTime now, CancellationToken cancellationToken)
    {
        await database.Videos.Where(v => v.RedriveAt != null && v.DeletedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(v => v.RedriveAt, now), cancellationToken);
        // The other modules keep what they were told, except what they were about to be told.
        await database.Videos.Where(v => v.RedriveAt != null && v.DeletedAt != null).ExecuteUpdateAsync(set => set.SetProperty(v => v.RedriveAt, now), cancellationToken);
        await database.LiveVideos.ExecuteUpdateAsync(set => set.SetProperty(v => v.AnnouncedRevision, 0), cancellationToken);
        await RemindAsync(cancellationToken);
    }

    // An indexed video is nowhere stuck, yet the message that Training learns its regions from may have died in memory.
    private async Task RemindAsync(CancellationToken cancellationToken)
    {
        for (var last = Guid.Empty; ;)
        {
            var indexed = await database.LiveVideos.AsNoTracking().Where(v => v.Status == VideoStatus.Indexed && v.Id.CompareTo(last) > 0)
                .OrderBy(v => v.Id).Take(Batch).ToListAsync(cancellationToken);
            foreach (var video in indexed)
                if (!await announcer.RemindAsync(video)) return;
            if (indexed.Count < Batch) return;
            last = indexed[^1].Id;
        }
    }

    /// <summary>Publishes whatever is due at <paramref name="now"/>.</summary>
    /// <returns>How many rows this call claimed.</returns>
    public async Task<int> RunAsync(DateTime now, CancellationToken cancellationToken)
    {
        await DescribeAsync(cancellationToken);
        await RenewAsync(now, cancellationToken);
        for (var claimed = 0; ;)
        {
            database.ChangeTracker.Clear();
            var due = await database.Videos.AsNoTracking().Where(v => v.RedriveAt <= now).OrderBy(v => v.RedriveAt).Take(Batch).ToListAsync(cancellationToken);
            foreach (var video in due)
            {
                if (video.DeletedAt is null && video.Redrives >= Patience)
                {
                    await GiveUpAsync(video, cancellationToken);
                    continue;
                }
                if (!await ClaimAsync(video, now, cancellationToken)) continue;
                claimed++;
                // The bus does not take anything: later will be better.
                if (!await RedriveAsync(video)) return claimed;
            }
            if (due.Count < Batch) return claimed;
        }
    }

    /// <summary>How many live videos are in each state.</summary>
    public async Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken) =>
        await database.LiveVideos.GroupBy(v => v.Status).Select(group => new { group.Key, Count = group.LongCount() }).ToDictionaryAsync(group => group.Key, group => group.Count, cancellationToken);

    private async Task<bool> RedriveAsync(VideoRow video)
    {
        if (video.DeletedAt is not null) return await announcer.DeleteAsync(video);
        log.LogInformation("Video {VideoId} is {Status} and did not move: publishing again, time {Redrive}.", video.Id, video.Status, video.Redrives + 1);
        CatalogMetrics.RecordRedrive(video.Status);
        return await announcer.DriveAsync(video);
    }

    // A message that takes its consumer down with it must not do so for ever. Should the video be finished after all, that wins.
    private async Task GiveUpAsync(VideoRow video, CancellationToken cancellationToken)
    {
        var same = database.Videos.Where(v => v.Id == video.Id && v.RedriveAt == video.RedriveAt && v.Redrives == video.Redrives && v.Status == video.Status && v.DeletedAt == null);
        if (video.IsFinished)
        {
            await database.ChangeAsync(video.Id, row =>
            {
                if (!row.IsFinished || row.RedriveAt != video.RedriveAt || row.Redrives != video.Redrives) return false;
                row.RedriveAt = null;
                return row.IsAtRest || row.GiveRenewalUp(FailureCodes.Internal, $"The system tried {Patience} times to renew its regions and never finished; the log may tell why.");
            }, cancellationToken);
            return;
        }
        log.LogError("Video {VideoId} is given up: {Status} was published {Times} times without an answer.", video.Id, video.Status, Patience);
        await same.ExecuteUpdateAsync(set => set.SetProperty(v => v.Status, VideoStatus.Failed).SetProperty(v => v.FailureCode, FailureCodes.Internal)
            .SetProperty(v => v.FailureDetail, $"The system tried {Patience} times and never finished; the log may tell why.")
            .SetProperty(v => v.RedriveAt, (DateTime?)null).SetProperty(v => v.Redrives, 0).SetProperty(v => v.Version, v => v.Version + 1), cancellationToken);
    }

    // Videos that wait for a re-extraction become due a few at a time.
    private async Task RenewAsync(DateTime now, CancellationToken cancellationToken)
    {
        var renewed = database.LiveVideos.Where(v => v.Renewal == RenewalState.Extracting);
        var room = Renewals - await renewed.CountAsync(v => v.RedriveAt != null, cancellationToken);
        if (room <= 0) return;
        var next = await renewed.Where(v => v.RedriveAt == null).OrderBy(v => v.Id).Take(room).Select(v => v.Id).ToListAsync(cancellationToken);
        await renewed.Where(v => next.Contains(v.Id) && v.RedriveAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(v => v.RedriveAt, now).SetProperty(v => v.Redrives, 0), cancellationToken);
    }

    private async Task<bool> ClaimAsync(VideoRow video, DateTime now, CancellationToken cancellationToken)
    {
        var next = Next(video, now);
        return await database.Videos
            .Where(v => v.Id == video.Id && v.RedriveAt == video.RedriveAt && v.Redrives == video.Redrives && v.Status == video.Status && v.DeletedAt == video.DeletedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(v => v.RedriveAt, next).SetProperty(v => v.Redrives, v => v.Redrives + 1), cancellationToken) == 1;
    }

    private DateTime? Next(VideoRow video, DateTime now)
    {
        var first = options.Value.RedriveAfter;
        if (video.DeletedAt is not null) return video.Redrives + 1 < Deletions ? now + first * Math.Pow(4, video.Redrives + 1) : null;
        var wait = first * Math.Pow(2, Math.Min(video.Redrives + 1, 30));
        return now + (wait < LongestWait ? wait : LongestWait);
    }

    private async Task DescribeAsync(CancellationToken cancellationToken)
    {
        for (var last = Guid.Empty; ;)
        {
            var untold = await database.LiveVideos.AsNoTracking().Where(v => v.AnnouncedRevision < v.Revision && v.Id.CompareTo(last) > 0)
                .OrderBy(v => v.Id).Take(Batch).ToListAsync(cancellationToken);
            foreach (var video in untold)
                if (!await announcer.DescribeAsync(video)) return;
            if (untold.Count < Batch) return;
            last = untold[^1].Id;
        }
    }
}
