using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.Catalog.Uploads;

/// <summary>Takes uploads in: file first, then the row, then the events. Whatever goes wrong before the row leaves nothing.</summary>
internal sealed class VideoUploads(CatalogDbContext database, IArtifactStore store, VideoAnnouncer announcer, IOptions<CatalogOptions> options)
{
    private readonly CatalogOptions options = options.Value;

    /// <summary>Reads an upload to its end.</summary>
    /// <returns>The video, and whether it is new: the same bytes are the same video.</returns>
    /// <exception cref="ApiException">400, 413 or 429.</exception>
    public async Task<(VideoRow Video, bool Created)> AcceptAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        var limit = await LimitAsync(cancellationToken);
        // Version 7: the id says when it was made, by which the sweep knows a file that was left behind.
        var id = Guid.CreateVersion7();
        var keep = false;
        try
        {
            var form = await UploadForm.ReadAsync(reader, store, VideoArtifacts.Source(id), limit, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            // From here on the client's going away changes nothing: the video is accepted.
            var row = NewRow(id, form);
            do
            {
                if (await FindAsync(form.Source.Sha256) is { } twin) return (await AgainAsync(twin), false);
                // If the connection breaks in the commit nobody knows whether the row is there: then the file stays, and the sweep decides.
                keep = true;
                keep = await TryInsertAsync(row);
            }
            while (!keep);
            await announcer.DescribeAsync(row);
            await announcer.DriveAsync(row);
            return (await database.Videos.AsNoTracking().SingleAsync(v => v.Id == id, CancellationToken.None), true);
        }
        finally
        {
            if (!keep) store.Delete(VideoFolders.Of(id));
        }
    }

    private VideoRow NewRow(Guid id, UploadForm form) => new()
    {
        Id = id,
        CreatedAt = Clock.Now,
        Title = form.Title ?? form.FileName,
        Captions = form.Captions,
        FileName = form.FileName,
        Sha256 = form.Source.Sha256,
        Bytes = form.Source.Bytes,
        MediaType = form.Source.MediaType,
        RedriveAt = announcer.RedriveAt,
    };

    private Task<VideoRow?> FindAsync(string sha256) => database.LiveVideos.AsNoTracking().SingleOrDefaultAsync(v => v.Sha256 == sha256, CancellationToken.None);

    /// <summary>False: another upload of the same bytes was a moment faster.</summary>
    private async Task<bool> TryInsertAsync(VideoRow row)
    {
        database.Videos.Add(row);
        try
        {
            await database.SaveChangesAsync(CancellationToken.None);
            return true;
        }
        catch (DbUpdateException)
        {
            database.ChangeTracker.Clear();
            if (await FindAsync(row.Sha256) is { } twin && twin.Id != row.Id) return false;
            throw;
        }
    }

    private async Task<VideoRow> AgainAsync(VideoRow twin)
    {
        if (twin is not { Status: VideoStatus.Failed, FailureCode: FailureCodes.Internal }) return twin;
        // It failed here, not by itself: whoever sends it again wants another try.
        var retried = false;
        var row = await database.ChangeAsync(twin.Id, video => retried = video.FailureCode == FailureCodes.Internal && video.Retry(announcer.RedriveAt), CancellationToken.None);
        if (!retried) return twin;
        await announcer.DriveAsync(row!);
        return row!;
    }

    private async Task<UploadLimit> LimitAsync(CancellationToken cancellationToken)
    {
        if (options.MaxVideos is { } most && await database.LiveVideos.LongCountAsync(cancellationToken) >= most)
            throw new ApiException(429, "quota", $"There may be {most} videos at most; delete some first.");
        var limit = new UploadLimit(options.MaxUploadBytes, () => new ApiException(413, "too-large", $"A file may have {options.MaxUploadBytes} bytes at most."));
        if (options.MaxTotalBytes is not { } quota) return limit;
        var left = quota - (await database.LiveVideos.SumAsync(v => (long?)v.Bytes, cancellationToken) ?? 0);
        var full = () => new ApiException(429, "quota", $"All files together may have {quota} bytes at most; delete some first.");
        if (left <= 0) throw full();
        return left < limit.Bytes ? new UploadLimit(left, full) : limit;
    }
}
