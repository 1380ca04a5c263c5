using DemoVlp.Contracts.Http;

namespace DemoVlp.Training.Datasets;

/// <summary><c>/api/v1/datasets</c>.</summary>
internal static class DatasetsApi
{
    public static void MapDatasets(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/api/v1/datasets", async (LibraryDataset library, CancellationToken stop) =>
                TypedResults.Ok(new Page<Dataset>([await library.DescribeAsync(stop)], null)))
            .WithName("ListDatasets").WithTags("Training")
            .WithSummary("Data sets to train on: `library` is the uploaded videos that have captions and regions; also how many cannot be used and why.");
}
