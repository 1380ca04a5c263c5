using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Announcements;
using DemoVlp.Training.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Registry;

/// <summary><c>/api/v1/models</c>.</summary>
internal static class ModelsApi
{
    private sealed record Position(DateTime CreatedAt, string Version);

    public static void MapModels(this IEndpointRouteBuilder endpoints)
    {
        var models = endpoints.MapGroup("/api/v1/models").WithTags("Models");
        models.MapGet("/", ListAsync).WithName("ListModels").WithSummary("Models in the registry, newest first, and which of them answers.")
            .ProducesProblem(400);
        models.MapGet("/{version}", GetAsync).WithName("GetModel").WithSummary("One model.").ProducesProblem(404);
        models.MapPost("/{version}/activate", ActivateAsync).WithName("ActivateModel").ProducesProblem(404)
            .WithSummary("Lets a model answer: every video is embedded anew from its kept regions while the old model goes on answering, then the index switches at once. Also how to roll back.");
    }

    private static async Task<Ok<Page<Model>>> ListAsync(TrainingDbContext database, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var take = Cursor.Limit(limit, 50, 200);
        var models = database.Models.AsNoTracking();
        if (Cursor.Decode<Position>(cursor) is { } after)
        {
            if (after.Version is null || after.Version.Contains('\0')) throw new ApiException(400, "bad-cursor", "The cursor is not one that this list gave out.");
            models = models.Where(m => m.CreatedAt < after.CreatedAt || m.CreatedAt == after.CreatedAt && string.Compare(m.Version, after.Version) > 0);
        }
        var rows = await models.OrderByDescending(m => m.CreatedAt).ThenBy(m => m.Version).Take(take + 1).ToListAsync(cancellationToken);
        var next = rows.Count > take ? Cursor.Encode(new Position(rows[take - 1].CreatedAt, rows[take - 1].Version)) : null;
        return TypedResults.Ok(new Page<Model>(await DescribeAsync(database, [.. rows.Take(take)], cancellationToken), next));
    }

    private static async Task<Ok<Model>> GetAsync(string version, TrainingDbContext database, ModelRegistry registry, CancellationToken cancellationToken) =>
        TypedResults.Ok((await DescribeAsync(database, [await FindAsync(registry, version, cancellationToken)], cancellationToken))[0]);

    private static async Task<Accepted<Model>> ActivateAsync(
        string version, TrainingDbContext database, ModelRegistry registry, Activations activations, Announcer announcer, CancellationToken cancellationToken)
    {
        var model = await FindAsync(registry, version, cancellationToken);
        await activations.RequestAsync(model, null, cancellationToken);
        await announcer.AnnounceAsync(cancellationToken);
        return TypedResults.Accepted($"/api/v1/models/{version}", (await DescribeAsync(database, [model], cancellationToken))[0]);
    }

    private static async Task<ModelRow> FindAsync(ModelRegistry registry, string version, CancellationToken cancellationToken) =>
        await registry.FindAsync(version, cancellationToken) ?? throw new ApiException(404, "model-not-found", "There is no model of this version.");

    private static async Task<IReadOnlyList<Model>> DescribeAsync(TrainingDbContext database, IReadOnlyList<ModelRow> models, CancellationToken cancellationToken)
    {
        var versions = models.Select(m => m.Version).ToList();
        var activations = await database.Activations.AsNoTracking().Where(a => versions.Contains(a.ModelVersion)).ToListAsync(cancellationToken);
        return [.. models.Select(model =>
        {
            var own = activations.Where(a => a.ModelVersion == model.Version).OrderBy(a => a.ActivatedAt).ToList();
            return new Model
            {
                Version = model.Version, Task = model.Task, Origin = model.Origin, RunId = model.RunId, Description = model.Description, CreatedAt = model.CreatedAt,
                Active = own.Exists(a => a.State == ActivationState.Active),
                Activation = own.LastOrDefault()?.State switch
                {
                    ActivationState.Pending => "activating",
                    ActivationState.Replaced => null,
                    var state => state,
                },
            };
        })];
    }
}
