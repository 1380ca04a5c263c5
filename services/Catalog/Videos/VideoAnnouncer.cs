using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Http;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.Catalog.Videos;

/// <summary>
/// Publishes what the database already says. A broker that is away costs nobody their request: what could not be published now is
/// published by the sweep.
/// </summary>
internal sealed class VideoAnnouncer(IBus bus, CatalogDbContext database, IArtifactStore store, IOptions<CatalogOptions> options, ILogger<VideoAnnouncer> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>When a video that moves now is looked at by the sweep, should it not move again.</summary>
    public DateTime RedriveAt => Clock.Now + options.Value.RedriveAfter;

    /// <summary>Publishes the event behind which a video goes on; one that was only uploaded is being sampled from then on.</summary>
    /// <returns>Whether the bus took it.</returns>
    public async Task<bool> DriveAsync(VideoRow video)
    {
        if (video.ToNextEvent() is not { } next) return true;
        // To look at frames again they must be there; those that are not are sampled again.
        if (video.Renewal == RenewalState.Extracting && !HasFrames(video)) next = video.ToUploaded();
        if (!await PublishAsync(next, video.Id)) return false;
        if (video.Status == VideoStatus.Uploaded)
            await database.Videos.Where(v => v.Id == video.Id && v.DeletedAt == null && v.Status == VideoStatus.Uploaded)
                .ExecuteUpdateAsync(set => set.SetProperty(v => v.Status, VideoStatus.Sampling).SetProperty(v => v.Version, v => v.Version + 1), CancellationToken.None);
        return true;
    }

    /// <summary>Publishes the regions of a video that is indexed already, for services that may have missed them.</summary>
    /// <returns>Whether the bus took it.</returns>
    public async Task<bool> RemindAsync(VideoRow video) => video.ToRegionsExtracted() is not { } regions || await PublishAsync(regions, video.Id);

    /// <summary>Publishes title and captions.</summary>
    /// <returns>Whether the bus took it.</returns>
    public async Task<bool> DescribeAsync(VideoRow video)
    {
        if (!await PublishAsync(video.ToDescribed(), video.Id)) return false;
        await database.Videos.Where(v => v.Id == video.Id && v.AnnouncedRevision < video.Revision)
            .ExecuteUpdateAsync(set => set.SetProperty(v => v.AnnouncedRevision, video.Revision), CancellationToken.None);
        return true;
    }

    /// <summary>Removes a tombstone's file, and the folder if that was the last one in it, and tells everybody else to remove theirs.</summary>
    /// <returns>Whether the bus took it.</returns>
    public async Task<bool> DeleteAsync(VideoRow tombstone)
    {
        store.Delete(VideoArtifacts.Source(tombstone.Id));
        if (!store.List(VideoFolders.Of(tombstone.Id)).Any()) store.Delete(VideoFolders.Of(tombstone.Id));
        return await PublishAsync(tombstone.ToDeleted(), tombstone.Id);
    }

    private bool HasFrames(VideoRow video)
    {
        try
        {
            foreach (var frame in video.Frames ?? []) store.OpenRead(frame.Image).Dispose();
            return true;
        }
        catch (Exception e) when (e is ArtifactMissingException or ArtifactCorruptException)
        {
            return false;
        }
    }

    private async Task<bool> PublishAsync(object message, Guid videoId)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await bus.Publish(message, patience.Token);
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.LogWarning(e, "{Message} of video {VideoId} could not be published; the sweep will do it.", message.GetType().Name, videoId);
            return false;
        }
    }
}
