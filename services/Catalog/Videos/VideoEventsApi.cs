using System.Globalization;
using System.Text.Json;
using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.Catalog.Videos;

/// <summary>A video's changes as server-sent events.</summary>
internal static class VideoEventsApi
{
    // Another replica may have made the change, so the row is asked; its version alone costs next to nothing.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void MapVideoEvents(this IEndpointRouteBuilder videos) =>
        videos.MapGet("/{id:guid}/events", StreamAsync).WithName("WatchVideo")
            .WithSummary("The video as it is, then after each change, until it is indexed or failed, and its regions are not being renewed.")
            .WithDescription("Each event is the video as JSON; its id is the version shown. The stream also ends when the video is deleted. "
                + "A reconnect that has seen the end is answered 204, which tells browsers to stop.")
            .Produces<Video>(200, "text/event-stream").Produces(204).ProducesProblem(404);

    private static async Task StreamAsync(
        Guid id, HttpContext http, CatalogDbContext database, IOptions<JsonOptions> json, IHostApplicationLifetime lifetime)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        var row = await database.FindVideoAsync(id, stop.Token);
        if (row.IsAtRest && http.Request.Headers["Last-Event-ID"] == row.Version.ToString(CultureInfo.InvariantCulture))
        {
            http.Response.StatusCode = 204;
            return;
        }
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache, no-store";
        // Proxies that buffer would keep the events to themselves.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            while (true)
            {
                await WriteAsync(http.Response, $"id: {row.Version}\ndata: {JsonSerializer.Serialize(row.ToVideo(), json.Value.SerializerOptions)}\n\n", stop.Token);
                if (row.IsAtRest || await NextAsync(row, http.Response, database, stop.Token) is not { } next) return;
                row = next;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client went away, or the service stops: an open stream is no reason to wait.
            return;
        }
    }

    /// <summary>Waits for another version; null if the video is deleted.</summary>
    private static async Task<VideoRow?> NextAsync(VideoRow seen, HttpResponse response, CatalogDbContext database, CancellationToken cancellationToken)
    {
        for (var silent = TimeSpan.Zero; ;)
        {
            await Task.Delay(Poll, cancellationToken);
            var version = await database.LiveVideos.Where(v => v.Id == seen.Id).Select(v => (long?)v.Version).SingleOrDefaultAsync(cancellationToken);
            if (version != seen.Version) return await database.LiveVideos.AsNoTracking().SingleOrDefaultAsync(v => v.Id == seen.Id, cancellationToken);
            if ((silent += Poll) < Heartbeat) continue;
            await WriteAsync(response, ": still here\n\n", cancellationToken);
            silent = TimeSpan.Zero;
        }
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.WriteAsync(text, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
