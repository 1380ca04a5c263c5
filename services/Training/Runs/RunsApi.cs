using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Training;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Announcements;
using DemoVlp.Training.Data;
using DemoVlp.Training.Fitting;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Runs;

/// <summary><c>/api/v1/training-runs</c>.</summary>
internal static class RunsApi
{
    private const string EventsType = "application/octet-stream";

    private static readonly string[] States = [RunState.Queued, RunState.Running, RunState.Completed, RunState.Failed, RunState.Cancelled];

    private sealed record Position(DateTime CreatedAt, Guid Id);

    public static void MapRuns(this IEndpointRouteBuilder endpoints)
    {
        var runs = endpoints.MapGroup("/api/v1/training-runs").WithTags("Training");
        runs.MapPost("/", StartAsync).WithName("StartTraining").ProducesProblem(400).ProducesProblem(409)
            .WithSummary("Queues a training run on the region features that are kept; no video is decoded. On any data set: retrieval learns from captions, question answering from questions with answers (`dataset-has-no-questions`). With a split `val` the best model by validation is the one that is registered.");
        runs.MapGet("/", ListAsync).WithName("ListTrainingRuns").WithSummary("Runs, newest first.").ProducesProblem(400);
        runs.MapGet("/{id:guid}", GetAsync).WithName("GetTrainingRun").WithSummary("One run.").ProducesProblem(404);
        runs.MapGet("/{id:guid}/events", EventsAsync).WithName("WatchTrainingRun").ProducesProblem(404)
            .Produces<TrainingRun>(200, "text/event-stream")
            .WithSummary("Each change of the run as an event, until it is completed, failed or cancelled.");
        runs.MapPost("/estimate", EstimateAsync).WithName("EstimateTraining").ProducesProblem(400).ProducesProblem(409)
            .WithSummary("What a run would take, without starting it: steps, memory, and seconds from the speed of earlier runs of models of this size, or, while there are none, from that of a matrix product (`basis`).");
        runs.MapGet("/{id:guid}/losses.svg", LossesAsync).WithName("DrawTrainingLosses").ProducesProblem(404).Produces(200, contentType: "image/svg+xml")
            .WithSummary("Losses and validations of a run as a picture.");
        runs.MapGet("/{id:guid}/tensorboard", TensorBoardAsync).WithName("DownloadTensorBoardEvents").ProducesProblem(404).Produces(200, contentType: "application/octet-stream")
            .WithSummary("The run's TensorBoard event file: put it into a folder and start `tensorboard --logdir` there. Of a run that was resumed, the files of all attempts in one.");
        runs.MapPost("/{id:guid}/cancel", CancelAsync).WithName("CancelTrainingRun").ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Stops a run; its last checkpoint is kept.");
    }

    private static async Task<Accepted<TrainingRun>> StartAsync(TrainingRunRequest body, RunRequests requests, CancellationToken cancellationToken)
    {
        var run = await requests.QueueAsync(Command(body), cancellationToken);
        return TypedResults.Accepted($"/api/v1/training-runs/{run.Id}", Describe(run));
    }

    private static StartTraining Command(TrainingRunRequest body) => new()
    {
        RunId = NewId.NextGuid(), Task = body.Task ?? "", Dataset = body.Dataset ?? "", BaseModel = body.BaseModel, Epochs = body.Epochs, BatchSize = body.BatchSize,
        LearningRate = body.LearningRate, Seed = body.Seed, Patience = body.Patience, Losses = body.Losses, QuestionTypes = body.QuestionTypes, Validate = body.Validate,
    };

    private static async Task<Ok<Page<TrainingRun>>> ListAsync(TrainingDbContext database, string? state, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var take = Cursor.Limit(limit, 50, 200);
        var runs = database.Runs.AsNoTracking();
        if (!string.IsNullOrEmpty(state))
        {
            if (!States.Contains(state)) throw new ApiException(400, "bad-request", $"The state must be one of {string.Join(", ", States)}.");
            runs = runs.Where(r => r.State == state);
        }
        if (Cursor.Decode<Position>(cursor) is { } after)
            runs = runs.Where(r => r.CreatedAt < after.CreatedAt || r.CreatedAt == after.CreatedAt && r.Id.CompareTo(after.Id) < 0);
        var rows = await runs.OrderByDescending(r => r.CreatedAt).ThenByDescending(r => r.Id).Take(take + 1).ToListAsync(cancellationToken);
        var next = rows.Count > take ? Cursor.Encode(new Position(rows[take - 1].CreatedAt, rows[take - 1].Id)) : null;
        return TypedResults.Ok(new Page<TrainingRun>([.. rows.Take(take).Select(Describe)], next));
    }

    private static async Task<Ok<TrainingRun>> GetAsync(Guid id, RunRequests requests, CancellationToken cancellationToken) =>
        TypedResults.Ok(Describe(await requests.FindAsync(id, cancellationToken) ?? throw NotFound()));

    private static async Task<Accepted<TrainingRun>> CancelAsync(Guid id, RunRequests requests, Announcer announcer, CancellationToken cancellationToken)
    {
        var before = await requests.FindAsync(id, cancellationToken) ?? throw NotFound();
        if (before.EndedAt is not null) throw new ApiException(409, "run-ended", $"The run has already ended: it is {before.State}.");
        var run = await requests.CancelAsync(id, cancellationToken) ?? throw NotFound();
        await announcer.AnnounceAsync(cancellationToken);
        return TypedResults.Accepted($"/api/v1/training-runs/{id}", Describe(run));
    }

    private static async Task<Ok<TrainingEstimate>> EstimateAsync(TrainingRunRequest body, RunEstimates estimates, CancellationToken cancellationToken) =>
        TypedResults.Ok(await estimates.EstimateAsync(Command(body), cancellationToken));

    private static async Task<ContentHttpResult> LossesAsync(Guid id, RunRequests requests, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        if (await requests.FindAsync(id, cancellationToken) is null) throw NotFound();
        return TypedResults.Text(LossChart.Draw(Journal.ReadHistory(artifacts, id) ?? new LossHistory()), "image/svg+xml");
    }

    private static async Task<PushStreamHttpResult> TensorBoardAsync(Guid id, RunRequests requests, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var run = await requests.FindAsync(id, cancellationToken) ?? throw NotFound();
        // Their names begin with the time of their beginning. A file of records behind another is a file of records.
        var files = artifacts.List(RunArtifacts.TensorBoard(id)).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) throw new ApiException(404, "no-events-yet", "The run has taken no steps yet, so there is nothing to show.");
        return TypedResults.Stream(async target =>
        {
            foreach (var key in files)
            {
                if (await artifacts.FindAsync(key, EventsType, cancellationToken) is not { } file) continue;
                // Not through the reference: of a running run a longer one may take its place at this moment.
                await using var source = File.OpenRead(artifacts.GetLocalPath(file));
                await source.CopyToAsync(target, cancellationToken);
            }
        }, EventsType, EventFile.NameAt(new DateTimeOffset(run.CreatedAt, TimeSpan.Zero)));
    }

    private static async Task<ServerSentEventsResult<TrainingRun>> EventsAsync(
        Guid id, RunRequests requests, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        var run = await requests.FindAsync(id, cancellationToken) ?? throw NotFound();
        return TypedResults.ServerSentEvents(ChangeStream.FollowAsync(
            Watch(run), async stop => await requests.FindAsync(id, stop) is { } now ? Watch(now) : null, lifetime.ApplicationStopping, cancellationToken));
    }

    private static Watched<TrainingRun> Watch(RunRow run) => new(Describe(run), run.Version, run.EndedAt is not null);

    private static ApiException NotFound() => new(404, "run-not-found", "There is no training run of this id.");

    private static TrainingRun Describe(RunRow run) => new()
    {
        Id = run.Id, State = run.State, Phase = run.State == RunState.Running ? run.Phase : null, Task = run.Task, Dataset = run.Dataset, BaseModel = run.BaseModel,
        Epochs = run.Epochs, BatchSize = run.BatchSize, LearningRate = run.LearningRate, Seed = run.Seed, Patience = run.Patience,
        LossTerms = run.LossTerms, QuestionTypes = run.QuestionTypes, Validate = !run.SkipsValidation, Preparation = run.Preparation, Step = run.Step, TotalSteps = run.TotalSteps, Epoch = run.Epoch,
        Losses = run.Losses, CurrentLearningRate = run.CurrentLearningRate, SamplesPerSecond = run.SamplesPerSecond, SecondsLeft = run.SecondsLeft,
        Metrics = run.Metrics, BestMetrics = run.BestMetrics, BestEpoch = run.BestEpoch, Record = run.Record, Estimate = run.Estimate,
        CoreHours = run.CpuSeconds / 3600, WallSeconds = run.WallSeconds, ModelVersion = run.ModelVersion, Failure = run.FailureCode is { } code ? new VideoFailure(code, run.FailureDetail ?? "") : null,
        CreatedAt = run.CreatedAt, StartedAt = run.StartedAt, EndedAt = run.EndedAt,
    };
}
