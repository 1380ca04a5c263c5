using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Catalog.Videos;

/// <summary>List, look at, describe, retry and delete videos.</summary>
internal static class VideosApi
{
    private static readonly string[] Statuses =
        [VideoStatus.Uploaded, VideoStatus.Sampling, VideoStatus.Extracting, VideoStatus.Embedding, VideoStatus.Indexed, VideoStatus.Failed];

    private sealed record Position(DateTime CreatedAt, Guid Id);

    public static void MapVideos(this IEndpointRouteBuilder videos)
    {
        videos.MapGet("", ListAsync).WithName("ListVideos").WithSummary("Lists videos, newest first.")
            .ProducesProblem(400);
        videos.MapGet("/{id:guid}", GetAsync).WithName("GetVideo").WithSummary("A video and how far it is.")
            .ProducesProblem(404);
        videos.MapPut("/{id:guid}/captions", DescribeAsync).WithName("PutVideoCaptions").WithSummary("Replaces a video's captions.")
            .ProducesProblem(400).ProducesProblem(404);
        videos.MapPost("/{id:guid}/retry", RetryAsync).WithName("RetryVideo").WithSummary("Starts a failed video again.")
            .Produces<Video>(202).ProducesProblem(404).ProducesProblem(409);
        videos.MapDelete("/{id:guid}", DeleteAsync).WithName("DeleteVideo").WithSummary("Deletes a video: from now on it is in no answer.")
            .Produces(202).ProducesProblem(404);
    }

    /// <summary>Why there is nothing to answer about an id.</summary>
    public static ApiException NotFound(Guid id) => new(404, "video-not-found", $"There is no video {id}.");

    /// <summary>Reads a live video without tracking it.</summary>
    /// <exception cref="ApiException">404 <c>video-not-found</c>.</exception>
    public static async Task<VideoRow> FindVideoAsync(this CatalogDbContext database, Guid id, CancellationToken cancellationToken) =>
        await database.LiveVideos.AsNoTracking().SingleOrDefaultAsync(v => v.Id == id, cancellationToken) ?? throw NotFound(id);

    private static async Task<Ok<Page<Video>>> ListAsync(
        CatalogDbContext database, string? status, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (status is not null && !Statuses.Contains(status))
            throw new ApiException(400, "bad-status", $"The status must be one of {string.Join(", ", Statuses)}.");
        var size = Cursor.Limit(limit, byDefault: 20, most: 100);
        var videos = database.LiveVideos.AsNoTracking();
        if (status is not null) videos = videos.Where(v => v.Status == status);
        if (Cursor.Decode<Position>(cursor) is { } after)
        {
            var createdAt = DateTime.SpecifyKind(after.CreatedAt, DateTimeKind.Utc);
            videos = videos.Where(v => v.CreatedAt < createdAt || (v.CreatedAt == createdAt && v.Id.CompareTo(after.Id) < 0));
        }
        var rows = await videos.OrderByDescending(v => v.CreatedAt).ThenByDescending(v => v.Id).Take(size + 1).ToListAsync(cancellationToken);
        var next = rows.Count > size ? Cursor.Encode(new Position(rows[size - 1].CreatedAt, rows[size - 1].Id)) : null;
        return TypedResults.Ok(new Page<Video>([.. rows.Take(size).Select(row => row.ToVideo())], next));
    }

    private static async Task<Ok<Video>> GetAsync(Guid id, CatalogDbContext database, CancellationToken cancellationToken) =>
        TypedResults.Ok((await database.FindVideoAsync(id, cancellationToken)).ToVideo());

    private static async Task<Ok<Video>> DescribeAsync(
        Guid id, CaptionsUpdate update, CatalogDbContext database, VideoAnnouncer announcer, CancellationToken cancellationToken)
    {
        if (update.Captions is null) throw new ApiException(400, "no-captions", "The body must have a list \"captions\"; an empty one removes all.");
        var captions = Wording.Captions(update.Captions);
        var row = await database.ChangeAsync(id, video => video.Describe(captions), cancellationToken);
        if (row is null or { DeletedAt: not null }) throw NotFound(id);
        if (row.AnnouncedRevision < row.Revision) await announcer.DescribeAsync(row);
        return TypedResults.Ok(row.ToVideo());
    }

    private static async Task<Accepted<Video>> RetryAsync(Guid id, CatalogDbContext database, VideoAnnouncer announcer, CancellationToken cancellationToken)
    {
        var retried = false;
        var row = await database.ChangeAsync(id, video => retried = video.Retry(announcer.RedriveAt), cancellationToken);
        if (row is null or { DeletedAt: not null }) throw NotFound(id);
        if (!retried) throw new ApiException(409, "not-failed", $"The video is {row.Status}; only a failed one can be started again.");
        await announcer.DriveAsync(row);
        return TypedResults.Accepted(VideoLinks.Video(id), row.ToVideo());
    }

    private static async Task<Accepted> DeleteAsync(Guid id, CatalogDbContext database, VideoAnnouncer announcer, CancellationToken cancellationToken)
    {
        var deleted = false;
        var row = await database.ChangeAsync(id, video =>
        {
            video.Delete(Clock.Now, announcer.RedriveAt);
            return deleted = true;
        }, cancellationToken);
        if (row is null || !deleted) throw NotFound(id);
        await announcer.DeleteAsync(row);
        return TypedResults.Accepted((string?)null);
    }
}
