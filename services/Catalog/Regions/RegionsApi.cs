using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DemoVlp.Catalog.Regions;

/// <summary>The regions of a video in words, and the command that replaces those of another detector.</summary>
internal static class RegionsApi
{
    public static void MapVideoRegions(this IEndpointRouteBuilder videos) => videos.MapGet("/{id:guid}/regions", GetAsync)
        .WithName("GetVideoRegions").WithSummary("The regions found in a video's frames.").ProducesProblem(404).ProducesProblem(500);

    public static void MapReExtraction(this IEndpointRouteBuilder endpoints)
    {
        var regions = endpoints.MapGroup("/api/v1/regions/re-extraction").WithTags("Regions");
        regions.MapGet("", async Task<Ok<ReExtraction>> (ReExtractions extractions, CancellationToken cancellationToken) => TypedResults.Ok(await extractions.CountAsync(cancellationToken)))
            .WithName("GetReExtraction").WithSummary("How many videos have regions of another detector than the one in use.").ProducesProblem(409);
        regions.MapPost("", async Task<Accepted<ReExtraction>> (ReExtractions extractions, CancellationToken cancellationToken) => TypedResults.Accepted((string?)null, await extractions.BeginAsync(cancellationToken)))
            .WithName("BeginReExtraction").WithSummary("Extracts the regions of those videos again; searches find them by the old ones until the new ones are indexed.").ProducesProblem(409);
    }

    /// <summary>The regions of a video in words.</summary>
    /// <exception cref="ApiException">404 <c>content-missing</c>, 500 <c>regions-corrupt</c>.</exception>
    public static async Task<VideoRegions> ReadRegionsAsync(this IArtifactStore store, VideoRow video, CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize<VideoRegions>(await store.ReadAsync(video.Listing!, cancellationToken), JsonSerializerOptions.Web) ?? throw new JsonException();
        }
        catch (ArtifactMissingException)
        {
            throw new ApiException(404, "content-missing", "The file is not in the store; the video may have been deleted this moment.");
        }
        catch (Exception e) when (e is ArtifactCorruptException or JsonException)
        {
            throw new ApiException(500, "regions-corrupt", "The regions of this video are damaged.");
        }
    }

    private static async Task<Ok<VideoRegions>> GetAsync(Guid id, CatalogDbContext database, IArtifactStore store, CancellationToken cancellationToken)
    {
        var video = await database.FindVideoAsync(id, cancellationToken);
        if (video.Listing is null) throw new ApiException(404, "regions-not-found", "There are no regions of this video, or not yet.");
        return TypedResults.Ok(await store.ReadRegionsAsync(video, cancellationToken));
    }
}
