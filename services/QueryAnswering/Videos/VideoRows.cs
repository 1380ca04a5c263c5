using DemoVlp.QueryAnswering.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Videos;

/// <summary>Rows of videos whose messages come in any order.</summary>
internal static class VideoRows
{
    /// <summary>Makes sure that there is a row to update, whoever else is making it.</summary>
    public static async Task EnsureVideoAsync(this QueryDbContext database, Guid id, CancellationToken cancellationToken)
    {
        if (await database.Videos.AnyAsync(v => v.Id == id, cancellationToken)) return;
        var row = new VideoRow { Id = id };
        database.Videos.Add(row);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException)
        {
            database.Entry(row).State = EntityState.Detached;
            if (!await database.Videos.AnyAsync(v => v.Id == id, cancellationToken)) throw;
        }
        database.Entry(row).State = EntityState.Detached;
    }
}
