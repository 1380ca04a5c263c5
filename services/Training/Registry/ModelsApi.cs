using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Announcements;
using DemoVlp.Training.Data;
using DemoVlp.Training.Registry.Import;
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
        models.MapImport();
        models.MapGet("/{version}", GetAsync).WithName("GetModel").WithSummary("One model.").ProducesProblem(404);
        models.MapGet("/{version}/card", CardAsync).WithName("GetModelCard").ProducesProblem(404).Produces<string>(200, "text/markdown")
            .WithSummary("The model's card: what it is, where it comes from, what it was measured to be worth.");
        models.MapGet("/{version}/files/{name}", FileAsync).WithName("GetModelFile").ProducesProblem(404).Produces(200, contentType: "application/octet-stream").Produces(206, contentType: "application/octet-stream")
            .WithSummary("A file of the model's directory: config.json, model.safetensors, vocab.txt, answers.txt, README.md.");
        models.MapPost("/{version}/activate", ActivateAsync).WithName("ActivateModel").ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Lets a model answer: every video is embedded anew from its kept regions while the old model goes on answering, then the index switches at once. Also how to roll back.")
            .WithDescription("Refused with `gate-failed` where the model was measured to be worse than the one that answers, on the same data and by more than the system allows; `force=true` activates it all the same.");
        models.MapGet("/{version}/events", EventsAsync).WithName("WatchModel").ProducesProblem(404).Produces<Model>(200, "text/event-stream")
            .WithSummary("Each change of the model's activation as an event, with the videos embedded so far, until it answers or has failed.");
    }

    private static async Task<Ok<Page<Model>>> ListAsync(TrainingDbContext database, ModelDescriptions descriptions, string? cursor, int? limit, CancellationToken cancellationToken)
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
        return TypedResults.Ok(new Page<Model>(await descriptions.DescribeAsync([.. rows.Take(take)], cancellationToken), next));
    }

    private static async Task<Ok<Model>> GetAsync(string version, ModelRegistry registry, ModelDescriptions descriptions, CancellationToken cancellationToken) =>
        TypedResults.Ok(await descriptions.DescribeAsync(await FindAsync(registry, version, cancellationToken), cancellationToken));

    private static async Task<ContentHttpResult> CardAsync(
        string version, TrainingDbContext database, ModelRegistry registry, ModelDescriptions descriptions, ModelConfigurations configurations, CancellationToken cancellationToken)
    {
        var model = await FindAsync(registry, version, cancellationToken);
        var run = model.RunId is { } id ? await database.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken) : null;
        var card = ModelCard.Write(model, configurations.Find(model), run, await descriptions.NewestAsync([model.Version], cancellationToken));
        return TypedResults.Text(card, "text/markdown; charset=utf-8");
    }

    private static async Task<PhysicalFileHttpResult> FileAsync(string version, string name, ModelRegistry registry, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var model = await FindAsync(registry, version, cancellationToken);
        // Only what the store lists: the name is never a path.
        if (!artifacts.List(model.Directory).Contains($"{model.Directory}/{name}")) throw new ApiException(404, "file-not-found", "The model's directory has no file of this name.");
        return TypedResults.PhysicalFile(Path.Combine(artifacts.GetLocalDirectory(model.Directory), name), "application/octet-stream", name, model.CreatedAt, enableRangeProcessing: true);
    }

    private static async Task<Accepted<Model>> ActivateAsync(
        string version, bool? force, ModelRegistry registry, ModelDescriptions descriptions, ActivationGate gate, Activations activations, Announcer announcer, CancellationToken cancellationToken)
    {
        var model = await FindAsync(registry, version, cancellationToken);
        var found = await gate.CheckAsync(model, force == true, cancellationToken);
        await activations.RequestAsync(model, null, cancellationToken, found);
        await announcer.AnnounceAsync(cancellationToken);
        return TypedResults.Accepted($"/api/v1/models/{version}", await descriptions.DescribeAsync(model, cancellationToken));
    }

    private static async Task<ServerSentEventsResult<Model>> EventsAsync(
        string version, ModelRegistry registry, ModelDescriptions descriptions, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        var row = await FindAsync(registry, version, cancellationToken);
        return TypedResults.ServerSentEvents(ChangeStream.FollowAsync(
            Watch(await descriptions.DescribeAsync(row, cancellationToken)), async stop => Watch(await descriptions.DescribeAsync(row, stop)), lifetime.ApplicationStopping, cancellationToken));
    }

    private static Watched<Model> Watch(Model model) =>
        new(model, HashCode.Combine(model.Activation, model.Active, model.ActivationDetails), model.Activation != "activating");

    private static async Task<ModelRow> FindAsync(ModelRegistry registry, string version, CancellationToken cancellationToken) =>
        await registry.FindAsync(version, cancellationToken) ?? throw new ApiException(404, "model-not-found", "There is no model of this version.");
}
