using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Catalog.Redrive;

/// <summary>Files of uploads that a crash ended between the file and its row.</summary>
internal sealed class OrphanedSources(CatalogDbContext database, IArtifactStore store, ILogger<OrphanedSources> log)
{
    // Longer than any upload: the row follows its file within moments, but the id is made when the upload begins.
    private static readonly TimeSpan Age = TimeSpan.FromDays(1);

    /// <summary>Removes the uploaded files that have no row.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> RemoveAsync(DateTime now, CancellationToken cancellationToken)
    {
        var removed = 0;
        var old = store.List(VideoFolders.Root).Select(VideoFolders.IdOfSource).OfType<Guid>().Where(id => VideoFolders.MadeAt(id) < now - Age);
        foreach (var ids in old.Chunk(500))
        {
            var known = await database.Videos.Where(v => ids.Contains(v.Id) && v.DeletedAt == null).Select(v => v.Id).ToListAsync(cancellationToken);
            foreach (var id in ids.Except(known))
            {
                log.LogInformation("Removing an uploaded file without a video, {VideoId}.", id);
                store.Delete(VideoArtifacts.Source(id));
                if (!store.List(VideoFolders.Of(id)).Any()) store.Delete(VideoFolders.Of(id));
                removed++;
            }
        }
        return removed;
    }
}
