using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace DemoVlp.Training.Datasets;

/// <summary><c>/api/v1/datasets/{name}/clips</c>.</summary>
internal static class ClipsApi
{
    private sealed record Position(string Split, string After);

    public static void MapClips(this IEndpointRouteBuilder datasets)
    {
        datasets.MapGet("/{name}/clips", ListAsync).WithName("ListDatasetClips").ProducesProblem(400).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Clips with their captions, questions and multiple choice, split by split or of one split.");
        datasets.MapGet("/{name}/clips/{clip}/content", ContentAsync).WithName("GetDatasetClipContent").WithSummary("A clip as a video, whole or in ranges. A generated clip is drawn when it is first asked for.")
            .Produces(200, contentType: "video/mp4").Produces(206, contentType: "video/mp4").Produces(302).Produces(304).Produces(416).ProducesProblem(404);
        datasets.MapMethods("/{name}/clips/{clip}/content", [HttpMethods.Head], ContentAsync).ExcludeFromDescription();
    }

    private static async Task<Ok<Page<DatasetClip>>> ListAsync(
        string name, DatasetCatalog catalog, string? split, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var take = Cursor.Limit(limit, 50, 200);
        var dataset = await catalog.FindAsync(name, cancellationToken) ?? throw DatasetRequests.NotFound();
        var row = await catalog.RowAsync(name, cancellationToken);
        if (row is { FailureCode: { } code }) throw new ApiException(409, code, row.FailureDetail ?? "The data set's files cannot be used.");
        if (row is { Format: ShapesOptions.Format, Counts: null }) throw new ApiException(409, "dataset-not-ready", "The scenes of the data set are still being found; try again in a moment.");
        var known = (await dataset.SplitsAsync(cancellationToken)).Where(s => s != Splits.All).ToList();
        if (!string.IsNullOrEmpty(split) && split != Splits.All)
            known = known.Contains(split) ? [split] : throw new ApiException(400, "unknown-split", $"The data set has no split of this name. It has: {string.Join(", ", known)}.");
        var after = Cursor.Decode<Position>(cursor);
        if (after is not null && (after.After is null || !known.Contains(after.Split))) throw new ApiException(400, "bad-cursor", "The cursor is not one that this list gave out.");
        var clips = new List<DatasetClip>();
        try
        {
            foreach (var part in known.SkipWhile(s => after is not null && s != after.Split))
            {
                var page = await dataset.PageAsync(part, part == after?.Split ? after.After : null, take + 1 - clips.Count, cancellationToken);
                clips.AddRange(page.Select(clip => Describe(clip, part)));
                if (clips.Count > take) break;
            }
        }
        catch (ModelFormatException e)
        {
            throw new ApiException(409, e.Code, e.Message);
        }
        var next = clips.Count > take ? Cursor.Encode(new Position(clips[take - 1].Split, clips[take - 1].Id)) : null;
        return TypedResults.Ok(new Page<DatasetClip>([.. clips.Take(take)], next));
    }

    private static async Task<IResult> ContentAsync(
        string name, string clip, DatasetCatalog catalog, ShapesFiles files, ClipVideos videos, IArtifactStore store, HttpResponse response, CancellationToken cancellationToken)
    {
        // Catalog has the videos of the library.
        if (name == LibraryDataset.LibraryName && Guid.TryParse(clip, out var video)) return TypedResults.Redirect($"/api/v1/videos/{video}/content");
        var row = name == LibraryDataset.LibraryName ? null : await catalog.RowAsync(name, cancellationToken) ?? throw DatasetRequests.NotFound();
        if (row?.Format is not (null or ShapesOptions.Format)) throw new ApiException(404, "no-content", "Of a benchmark's clips there are region features alone, no videos.");
        var scene = row is null ? null : await files.FindAsync(row, clip, cancellationToken);
        if (scene is null) throw new ApiException(404, "clip-not-found", "The data set has no clip of this id.");
        var artifact = await videos.EnsureAsync(row!, scene.Scene, cancellationToken);
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Stream(store.OpenRead(artifact), artifact.MediaType, entityTag: new EntityTagHeaderValue($"\"{artifact.Sha256}\""), enableRangeProcessing: true);
    }

    private static DatasetClip Describe(Clip clip, string split) => new()
    {
        Id = clip.Id, Split = split, Captions = clip.Captions, Missing = clip.Missing,
        Questions = [.. clip.Questions.Select(q => new DatasetQuestion(q.Question, q.Answer, q.Type))],
        Choices = [.. clip.Choices.Select(c => new DatasetChoice(c.Options, c.Answer))],
    };
}
