using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Regions;
using DemoVlp.Catalog.Uploads;
using DemoVlp.Contracts;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace DemoVlp.Catalog.Videos;

/// <summary>The bytes: the original with ranges, and the sampled frames.</summary>
internal static class ContentApi
{
    public static void MapContent(this IEndpointRouteBuilder videos)
    {
        // Players and download tools ask for the length first.
        videos.MapMethods("/{id:guid}/content", [HttpMethods.Head], GetContentAsync).ExcludeFromDescription();
        videos.MapMethods("/{id:guid}/frames/{index:int}", [HttpMethods.Head], GetFrameAsync).ExcludeFromDescription();
        videos.MapGet("/{id:guid}/content", GetContentAsync).WithName("GetVideoContent").WithSummary("The uploaded file, whole or in ranges.")
            .Produces(200, contentType: MediaSniffer.Unknown).Produces(206, contentType: MediaSniffer.Unknown).Produces(304).Produces(416).ProducesProblem(404);
        videos.MapGet("/{id:guid}/frames/{index:int}", GetFrameAsync).WithName("GetVideoFrame").WithSummary("A sampled frame.")
            .WithDescription("With overlay=regions the most confident regions are drawn on it, with attribute, class and confidence: top regions of confidence 0.05 or more, 12 if not given.")
            .Produces(200, contentType: "image/jpeg").Produces(304).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<FileStreamHttpResult> GetContentAsync(
        Guid id, CatalogDbContext database, IArtifactStore store, HttpResponse response, CancellationToken cancellationToken)
    {
        var video = await database.FindVideoAsync(id, cancellationToken);
        // The bytes are strangers': a browser may play what is known to be a video, and must not guess at the rest.
        var disposition = new ContentDispositionHeaderValue(video.MediaType == MediaSniffer.Unknown ? "attachment" : "inline");
        disposition.SetHttpFileName(video.FileName);
        response.Headers.ContentDisposition = disposition.ToString();
        response.Headers.CacheControl = "private, no-cache";
        return File(store, video.Source, response, video.CreatedAt);
    }

    private static async Task<IResult> GetFrameAsync(
        Guid id, int index, string? overlay, int? top, CatalogDbContext database, IArtifactStore store, HttpResponse response, CancellationToken cancellationToken)
    {
        if (overlay is not (null or OverlayPicture.Regions)) throw new ApiException(400, "bad-overlay", $"The overlay can only be \"{OverlayPicture.Regions}\".");
        if (top is < 1 or > OverlayPicture.Most) throw new ApiException(400, "bad-top", $"The parameter top must be from 1 to {OverlayPicture.Most}.");
        var video = await database.FindVideoAsync(id, cancellationToken);
        if (video.Frames is null) throw new ApiException(409, "frames-not-sampled", "The video's frames are not sampled yet.");
        var frame = video.Frames.FirstOrDefault(frame => frame.Index == index)
            ?? throw new ApiException(404, "frame-not-found", $"The video has no frame {index}; it has {video.Frames.Count}.");
        if (overlay is not null) return await OverlayPicture.CreateAsync(video, frame, top, store, response, cancellationToken);
        // Sampled once and for all.
        response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return File(store, frame.Image with { MediaType = "image/jpeg" }, response, lastModified: null);
    }

    private static FileStreamHttpResult File(IArtifactStore store, ArtifactRef artifact, HttpResponse response, DateTime? lastModified)
    {
        try
        {
            var file = store.OpenRead(artifact);
            response.Headers.XContentTypeOptions = "nosniff";
            return TypedResults.Stream(
                file, artifact.MediaType, lastModified: lastModified, entityTag: new EntityTagHeaderValue($"\"{artifact.Sha256}\""), enableRangeProcessing: true);
        }
        catch (ArtifactMissingException)
        {
            response.Headers.CacheControl = "no-store";
            throw new ApiException(404, "content-missing", "The file is not in the store; the video may have been deleted this moment.");
        }
    }
}
