using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Videos;
using DemoVlp.ServiceDefaults;
using Microsoft.Net.Http.Headers;

namespace DemoVlp.Catalog.Regions;

/// <summary>A frame with its regions drawn on it, as an answer.</summary>
internal static class OverlayPicture
{
    /// <summary>The only overlay there is.</summary>
    public const string Regions = "regions";

    /// <summary>Most regions in a picture.</summary>
    public const int Most = 100;

    internal const int Default = 12;

    // A detector may return a number of regions whatever is there: those below are on nothing.
    internal const float LeastConfidence = 0.05f;

    // Drawing another way makes other pictures of the same regions.
    private const int Style = 2;

    /// <exception cref="ApiException">404 <c>content-missing</c>, 409 <c>regions-not-extracted</c>, 500 <c>frame-corrupt</c> or <c>regions-corrupt</c>.</exception>
    public static async Task<IResult> CreateAsync(
        VideoRow video, SampledFrame frame, int? top, IArtifactStore store, HttpResponse response, CancellationToken cancellationToken)
    {
        if (video.Listing is null) throw new ApiException(409, "regions-not-extracted", "The video's regions are not extracted yet.");
        var count = top ?? Default;
        // The listing's hash covers the detector's identity, the boxes and the names.
        var tag = new EntityTagHeaderValue($"\"{frame.Image.Sha256[..16]}-{video.Listing.Sha256[..16]}-{count}-{Style}\"");
        response.Headers.CacheControl = "private, no-cache";
        var known = response.HttpContext.Request.GetTypedHeaders().IfNoneMatch;
        if (known.Any(k => k.Compare(tag, useStrongComparison: false) || k.Equals(EntityTagHeaderValue.Any)))
        {
            response.GetTypedHeaders().ETag = tag;
            return TypedResults.StatusCode(304);
        }
        var found = (await store.ReadRegionsAsync(video, cancellationToken)).Frames.FirstOrDefault(f => f.Index == frame.Index)
            ?? throw new ApiException(409, "regions-not-extracted", $"The regions of frame {frame.Index} are not extracted yet.");
        found = found with { Regions = [.. found.Regions.Where(r => r.Confidence >= LeastConfidence)] };
        var picture = RegionDrawing.Draw(await ReadAsync(store, frame, cancellationToken), found, count) ?? throw Corrupt();
        response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Bytes(picture, "image/jpeg", entityTag: tag);
    }

    private static async Task<byte[]> ReadAsync(IArtifactStore store, SampledFrame frame, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAsync(frame.Image, cancellationToken);
        }
        catch (ArtifactMissingException)
        {
            throw new ApiException(404, "content-missing", "The file is not in the store; the video may have been deleted this moment.");
        }
        catch (ArtifactCorruptException)
        {
            throw Corrupt();
        }
    }

    private static ApiException Corrupt() => new(500, "frame-corrupt", "The frame is damaged.");
}
