using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Http;
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

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>After a restart with a bus in memory: every message is lost, so all that waits is due at once.</summary>
    public async Task RestartAsync(DateTime now, CancellationToken cancellationToken)
    {
        await database.Videos.Where(v => v.RedriveAt != null && v.DeletedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(v => v.RedriveAt, now).SetProperty(v => v.Redrives, 0), cancellationToken);
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
        for (var claimed = 0; ;)
        {
            database.ChangeTracker.Clear();
            var due = await database.Videos.AsNoTracking().Where(v => v.RedriveAt <= now).OrderBy(v => v.RedriveAt).Take(Batch).ToListAsync(cancellationToken);
            foreach (var video in due)
            {
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
