using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.RegionExtraction;

/// <summary>The regions of a video, with their names.</summary>
internal static class RegionsApi
{
    public static void Map(IEndpointRouteBuilder endpoints) => endpoints.MapGet("/api/v1/videos/{id:guid}/regions", GetAsync)
        .WithName("GetVideoRegions").WithSummary("The regions found in a video's frames.").WithTags("Videos")
        .Produces<VideoRegions>().ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status500InternalServerError).ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static async Task<IResult> GetAsync(Guid id, DetectorWorker worker, RegionStore regions, ILogger<RegionStore> logger, CancellationToken cancellationToken)
    {
        if (worker.Loaded is not { } detector) return ApiProblem.Create(503, "detector-loading", "The detector is still being loaded.");
        try
        {
            return await regions.FindAsync(id, detector, cancellationToken) is var (_, file)
                ? TypedResults.Ok(Describe(file, detector))
                : ApiProblem.Create(404, "regions-not-found", "There are no regions of this video, or not yet.");
        }
        catch (ModelFormatException e)
        {
            logger.LogError(e, "The region file of video {VideoId} cannot be used.", id);
            return ApiProblem.Create(500, "regions-corrupt", "The regions of this video are damaged.");
        }
    }

    private static VideoRegions Describe(RegionFile file, DetectorInfo detector) => new(file.Detector,
        [.. file.Frames.Select(f => new FrameRegionList(f.FrameIndex, f.TimestampSeconds, f.Width, f.Height,
            [.. Enumerable.Range(0, f.Count).Select(i => new Region(
                f.Boxes[(4 * i)..(4 * i + 4)], Name(detector.Classes, f.ClassIds[i]), Name(detector.Attributes, f.AttributeIds[i]), f.ClassConfidences[i]))]))]);

    private static string Name(IReadOnlyList<string> names, int id) =>
        id < names.Count ? names[id] : throw new ModelFormatException("region-file-invalid", $"The region file names label {id} of {names.Count}.");
}
