using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Catalog.Data;

/// <summary>Changes of rows that several replicas may change at once.</summary>
internal static class VideoChanges
{
    /// <summary>
    /// Reads a live video, changes it and saves it if nobody else did meanwhile; otherwise does it again on what the other wrote.
    /// </summary>
    /// <param name="database">The catalog's database.</param>
    /// <param name="id">The video.</param>
    /// <param name="change">Changes the row and says whether it did. May be called several times.</param>
    /// <param name="cancellationToken">Stops waiting for the database.</param>
    /// <returns>The row as it is now: null if there is none; a tombstone untouched.</returns>
    public static async Task<VideoRow?> ChangeAsync(this CatalogDbContext database, Guid id, Func<VideoRow, bool> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            database.ChangeTracker.Clear();
            var video = await database.Videos.SingleOrDefaultAsync(v => v.Id == id, cancellationToken);
            if (video is null || video.DeletedAt is not null || !change(video)) return video;
            video.Version++;
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                return video;
            }
            catch (DbUpdateConcurrencyException)
            {
                // Somebody was faster: what they wrote counts, and the change is decided anew.
                continue;
            }
        }
    }
}
