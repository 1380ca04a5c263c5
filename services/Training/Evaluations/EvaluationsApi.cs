using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Evaluations;

/// <summary><c>/api/v1/evaluations</c>.</summary>
internal static class EvaluationsApi
{
    private sealed record Position(DateTime CreatedAt, Guid Id);

    public static void MapEvaluations(this IEndpointRouteBuilder endpoints)
    {
        var evaluations = endpoints.MapGroup("/api/v1/evaluations").WithTags("Evaluations");
        evaluations.MapPost("/", StartAsync).WithName("StartEvaluation").ProducesProblem(400).ProducesProblem(409)
            .WithSummary("Queues a measurement of a model on a split of a data set: retrieval, question answering, or multiple choice.");
        evaluations.MapGet("/", ListAsync).WithName("ListEvaluations").ProducesProblem(400).WithSummary("Evaluations, newest first; of one model, or of one data set, if asked.");
        evaluations.MapGet("/{id:guid}", GetAsync).WithName("GetEvaluation").ProducesProblem(404).WithSummary("One evaluation: what was measured on what, and the metrics.");
        evaluations.MapGet("/{id:guid}/events", EventsAsync).WithName("WatchEvaluation").ProducesProblem(404).Produces<Evaluation>(200, "text/event-stream")
            .WithSummary("Each change of the evaluation as an event, until it is completed, failed or cancelled.");
        evaluations.MapPost("/{id:guid}/cancel", CancelAsync).WithName("CancelEvaluation").ProducesProblem(404).ProducesProblem(409).WithSummary("Stops an evaluation.");
    }

    private static async Task<Accepted<Evaluation>> StartAsync(EvaluationRequest body, EvaluationRequests requests, CancellationToken cancellationToken)
    {
        var row = await requests.QueueAsync(body, cancellationToken);
        return TypedResults.Accepted($"/api/v1/evaluations/{row.Id}", Describe(row));
    }

    private static async Task<Ok<Page<Evaluation>>> ListAsync(TrainingDbContext database, string? model, string? dataset, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var take = Cursor.Limit(limit, 50, 200);
        var evaluations = database.Evaluations.AsNoTracking();
        // PostgreSQL takes no text with U+0000 in it, and no name has one.
        if (model?.Contains('\0') == true || dataset?.Contains('\0') == true) return TypedResults.Ok(new Page<Evaluation>([], null));
        if (!string.IsNullOrEmpty(model)) evaluations = evaluations.Where(e => e.Model == model);
        if (!string.IsNullOrEmpty(dataset)) evaluations = evaluations.Where(e => e.Dataset == dataset);
        if (Cursor.Decode<Position>(cursor) is { } after)
            evaluations = evaluations.Where(e => e.CreatedAt < after.CreatedAt || e.CreatedAt == after.CreatedAt && e.Id.CompareTo(after.Id) < 0);
        var rows = await evaluations.OrderByDescending(e => e.CreatedAt).ThenByDescending(e => e.Id).Take(take + 1).ToListAsync(cancellationToken);
        var next = rows.Count > take ? Cursor.Encode(new Position(rows[take - 1].CreatedAt, rows[take - 1].Id)) : null;
        return TypedResults.Ok(new Page<Evaluation>([.. rows.Take(take).Select(Describe)], next));
    }

    private static async Task<Ok<Evaluation>> GetAsync(Guid id, EvaluationRequests requests, CancellationToken cancellationToken) =>
        TypedResults.Ok(Describe(await FindAsync(id, requests, cancellationToken)));

    private static async Task<Accepted<Evaluation>> CancelAsync(Guid id, EvaluationRequests requests, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, requests, cancellationToken);
        if (row.EndedAt is not null) throw new ApiException(409, "evaluation-ended", $"The evaluation has already ended: it is {row.State}.");
        await requests.CancelAsync(id, cancellationToken);
        return TypedResults.Accepted($"/api/v1/evaluations/{id}", Describe(await FindAsync(id, requests, cancellationToken)));
    }

    private static async Task<ServerSentEventsResult<Evaluation>> EventsAsync(Guid id, EvaluationRequests requests, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, requests, cancellationToken);
        return TypedResults.ServerSentEvents(ChangeStream.FollowAsync(
            Watch(row), async stop => await requests.FindAsync(id, stop) is { } now ? Watch(now) : null, lifetime.ApplicationStopping, cancellationToken));
    }

    private static Watched<Evaluation> Watch(EvaluationRow row) => new(Describe(row), row.Version, row.EndedAt is not null);

    private static async Task<EvaluationRow> FindAsync(Guid id, EvaluationRequests requests, CancellationToken cancellationToken) =>
        await requests.FindAsync(id, cancellationToken) ?? throw new ApiException(404, "evaluation-not-found", "There is no evaluation of this id.");

    private static Evaluation Describe(EvaluationRow row) => new()
    {
        Id = row.Id, State = row.State, Model = row.Model, Dataset = row.Dataset, Split = row.Split, Task = row.Task, Samples = row.Samples, Missing = row.Missing,
        DatasetFingerprint = row.DatasetFingerprint, Phase = row.State == RunState.Running ? row.Phase : null,
        Progress = row is { State: RunState.Running, Done: { } done, Total: > 0 and var total } ? (double)done / total : null,
        Metrics = row.Metrics, Failure = row.FailureCode is { } code ? new VideoFailure(code, row.FailureDetail ?? "") : null,
        CreatedAt = row.CreatedAt, StartedAt = row.StartedAt, EndedAt = row.EndedAt,
    };
}
