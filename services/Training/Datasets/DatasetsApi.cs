using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary><c>/api/v1/datasets</c>.</summary>
internal static class DatasetsApi
{
    private sealed record Position(string Name);

    public static void MapDatasets(this IEndpointRouteBuilder endpoints)
    {
        var datasets = endpoints.MapGroup("/api/v1/datasets").WithTags("Datasets");
        datasets.MapGet("/", ListAsync).WithName("ListDatasets").ProducesProblem(400)
            .WithSummary("Data sets to train on and to evaluate with: `library` (the uploaded videos that have captions and regions) first, then by name.");
        datasets.MapPost("/", CreateAsync).WithName("CreateDataset").ProducesProblem(400).ProducesProblem(409)
            .WithSummary("Makes a data set: generated (`moving-shapes`), or of benchmark files below the import folder. The same name with the same options again is the same data set.");
        datasets.MapGet("/{name}", GetAsync).WithName("GetDataset").WithSummary("One data set: its splits, what they hold, and what cannot be used and why.").ProducesProblem(404);
        datasets.MapDelete("/{name}", DeleteAsync).WithName("DeleteDataset").ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Deletes a data set and all that was made for it; files below the import folder stay.");
        datasets.MapGet("/{name}/unusable", UnusableAsync).WithName("ListUnusableClips").Produces<UnusableClip>(200, BenchmarkCounter.LinesType).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Every clip or row of a data set that cannot be used and why, one JSON object a line.");
        datasets.MapClips();
    }

    private static async Task<Ok<Page<Dataset>>> ListAsync(DatasetCatalog catalog, TrainingDbContext database, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var take = Cursor.Limit(limit, 50, 200);
        var rows = database.Datasets.AsNoTracking().Where(d => d.DeletedAt == null);
        var page = new List<Dataset>();
        if (Cursor.Decode<Position>(cursor) is { } after)
        {
            if (after.Name is null || after.Name.Contains('\0')) throw new ApiException(400, "bad-cursor", "The cursor is not one that this list gave out.");
            rows = rows.Where(d => string.Compare(d.Name, after.Name) > 0);
        }
        else
        {
            page.Add((await catalog.DescribeAsync(LibraryDataset.LibraryName, cancellationToken))!);
        }
        var found = await rows.OrderBy(d => d.Name).Take(take - page.Count + 1).ToListAsync(cancellationToken);
        var more = page.Count + found.Count > take;
        if (more) found.RemoveAt(found.Count - 1);
        foreach (var row in found) page.Add(await catalog.DescribeAsync(row, cancellationToken));
        return TypedResults.Ok(new Page<Dataset>(page, more ? Cursor.Encode(new Position(found.Count > 0 ? found[^1].Name : "")) : null));
    }

    private static async Task<Results<Created<Dataset>, Ok<Dataset>>> CreateAsync(DatasetRequest body, DatasetRequests requests, DatasetCatalog catalog, CancellationToken cancellationToken)
    {
        var (row, created) = await requests.CreateAsync(body, cancellationToken);
        var dataset = await catalog.DescribeAsync(row, cancellationToken);
        return created ? TypedResults.Created($"/api/v1/datasets/{row.Name}", dataset) : TypedResults.Ok(dataset);
    }

    private static async Task<Ok<Dataset>> GetAsync(string name, DatasetCatalog catalog, CancellationToken cancellationToken) =>
        TypedResults.Ok(await catalog.DescribeAsync(name, cancellationToken) ?? throw DatasetRequests.NotFound());

    private static async Task<PushStreamHttpResult> UnusableAsync(string name, DatasetCatalog catalog, CancellationToken cancellationToken)
    {
        var dataset = await catalog.FindAsync(name, cancellationToken) ?? throw DatasetRequests.NotFound();
        if (await catalog.RowAsync(name, cancellationToken) is { } row)
        {
            if (row.FailureCode is { } code) throw new ApiException(409, code, row.FailureDetail ?? "The data set's files cannot be used.");
            if (row.Counts is null) throw new ApiException(409, "dataset-not-ready", "The data set is still being counted; try again in a moment.");
        }
        return TypedResults.Stream(async target =>
        {
            // Written asynchronously, also where the buffer is full: the server refuses anything else.
            await using var lines = new BufferedStream(target, 1 << 14);
            await foreach (var clip in dataset.UnusableAsync(int.MaxValue, cancellationToken).WithCancellation(cancellationToken))
            {
                await lines.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(clip, JsonSerializerOptions.Web), cancellationToken);
                await lines.WriteAsync("\n"u8.ToArray(), cancellationToken);
            }
        }, BenchmarkCounter.LinesType);
    }

    private static async Task<Accepted> DeleteAsync(string name, DatasetRequests requests, CancellationToken cancellationToken)
    {
        await requests.DeleteAsync(name, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }
}
