using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Training;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Registry;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Runs;

/// <summary>Takes requests for runs, from HTTP and from the bus: checks them, settles what they leave open, queues them.</summary>
internal sealed class RunRequests(TrainingDbContext database, ModelRegistry registry, LibraryDataset library, TimeProvider time)
{
    /// <summary>Queues a run. The same id twice is one run.</summary>
    /// <exception cref="ApiException">400 or 409 with a stable code: it cannot be run as asked.</exception>
    public async Task<RunRow> QueueAsync(StartTraining request, CancellationToken cancellationToken)
    {
        if (await FindAsync(request.RunId, cancellationToken) is { } known) return known;
        Check(request);
        var model = await BaseModelAsync(request, cancellationToken);
        if ((await library.DescribeAsync(cancellationToken)).Clips < LibraryDataset.FewestClips) throw TooSmall();
        return await AddAsync(Row(request, model, RunState.Queued), cancellationToken);
    }

    /// <summary>Enters a run that was refused, so that whoever sent the command can read why.</summary>
    public async Task<RunRow> RefuseAsync(StartTraining request, ApiException reason, CancellationToken cancellationToken)
    {
        // What was refused may be refused because of its text; PostgreSQL keeps none with U+0000 in it.
        request = request with { Task = Kept(request.Task)!, Dataset = Kept(request.Dataset)! };
        var row = Row(request, Kept(request.BaseModel), RunState.Failed);
        (row.FailureCode, row.FailureDetail, row.EndedAt) = (reason.Code, reason.Message, row.CreatedAt);
        return await AddAsync(row, cancellationToken);
    }

    /// <summary>Asks a run to stop: at once if it is queued, otherwise when its worker sees it.</summary>
    /// <returns>The run as it is now; null if there is none.</returns>
    public async Task<RunRow?> CancelAsync(Guid runId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await database.Runs.Where(r => r.Id == runId && r.State == RunState.Queued).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.State, RunState.Cancelled).SetProperty(r => r.EndedAt, now).SetProperty(r => r.Version, r => r.Version + 1), cancellationToken);
        await database.Runs.Where(r => r.Id == runId && r.State == RunState.Running && !r.CancelRequested).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.CancelRequested, true).SetProperty(r => r.Version, r => r.Version + 1), cancellationToken);
        return await FindAsync(runId, cancellationToken);
    }

    /// <summary>A run by id.</summary>
    public Task<RunRow?> FindAsync(Guid runId, CancellationToken cancellationToken) =>
        database.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == runId, cancellationToken);

    /// <summary>Why a library cannot be trained on.</summary>
    public static ApiException TooSmall() =>
        new(409, "dataset-too-small", $"Training needs at least {LibraryDataset.FewestClips} videos that have captions and regions; GET /api/v1/datasets says how many there are.");

    private static void Check(StartTraining request)
    {
        if (request.Task is not (ModelTasks.Retrieval or ModelTasks.QuestionAnswering))
            throw Bad("bad-task", $"The task must be \"{ModelTasks.Retrieval}\" or \"{ModelTasks.QuestionAnswering}\".");
        if (request.Task == ModelTasks.QuestionAnswering)
            throw Bad("task-not-trainable", "Question answering cannot be trained yet: uploaded videos have captions, but no questions with answers.");
        if (request.Dataset != LibraryDataset.LibraryName) throw Bad("unknown-dataset", $"There is no such data set; \"{LibraryDataset.LibraryName}\" is the uploaded videos that have captions.");
        if (request.Epochs is < 1 or > 1000) throw Bad("bad-epochs", "The number of epochs must be between 1 and 1000.");
        if (request.BatchSize is < 2 or > 1024) throw Bad("bad-batch-size", "The batch size must be between 2 and 1024.");
        if (request.LearningRate is { } rate && rate is not (> 0 and <= 1)) throw Bad("bad-learning-rate", "The learning rate must be above 0 and at most 1.");
        if (request.Seed < 0) throw Bad("bad-seed", "The seed must not be negative.");
    }

    private async Task<string> BaseModelAsync(StartTraining request, CancellationToken cancellationToken)
    {
        var version = request.BaseModel ?? await registry.ActiveVersionAsync(request.Task, cancellationToken)
            ?? throw new ApiException(409, "no-active-model", "No model answers this task yet, so there is nothing to start from; name a baseModel.");
        var model = await registry.FindAsync(version, cancellationToken) ?? throw Bad("unknown-model", "There is no model of the version named as baseModel.");
        return model.Task == request.Task ? version : throw Bad("unknown-model", $"The model named as baseModel is one for {model.Task}, not for {request.Task}.");
    }

    private RunRow Row(StartTraining request, string? model, string state) => new()
    {
        Id = request.RunId, State = state, Task = request.Task, Dataset = request.Dataset, BaseModel = model, CreatedAt = time.GetUtcNow().UtcDateTime,
        Epochs = request.Epochs ?? RunDefaults.Epochs, BatchSize = request.BatchSize ?? RunDefaults.BatchSize,
        LearningRate = request.LearningRate ?? RunDefaults.LearningRate, Seed = request.Seed ?? RunDefaults.Seed,
    };

    private async Task<RunRow> AddAsync(RunRow row, CancellationToken cancellationToken)
    {
        if (await FindAsync(row.Id, cancellationToken) is { } known) return known;
        database.Runs.Add(row);
        // A twin at this very moment fails on the key; the retry of its message finds this row.
        await database.SaveChangesAsync(cancellationToken);
        return row;
    }

    private static string? Kept(string? text) => text?.Replace('\0', '\uFFFD');

    private static ApiException Bad(string code, string detail) => new(400, code, detail);
}
