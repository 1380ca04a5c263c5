using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using MassTransit;

namespace DemoVlp.Catalog.Tracking;

/// <summary>What all tracking consumers do.</summary>
internal static class TrackVideo
{
    /// <summary>Changes the video that a message is about. One that was deleted is deleted once more: somebody has just written something of it.</summary>
    public static async Task TrackAsync(this CatalogDbContext database, ConsumeContext context, Guid videoId, Func<VideoRow, bool> change)
    {
        var row = await database.ChangeAsync(videoId, change, context.CancellationToken);
        if (row is { DeletedAt: not null }) await context.Publish(row.ToDeleted(), context.CancellationToken);
    }
}
