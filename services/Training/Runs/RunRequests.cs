using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Training;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Registry;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Runs;

/// <summary>Takes requests for runs, from HTTP and from the bus: checks them, settles what they leave open, queues them.</summary>
internal sealed class RunRequests(TrainingDbContext database, ModelRegistry registry, FindDataset find, TimeProvider time)
{
    private const int Enough = 1000;

    /// <summary>Queues a run. The same id twice is one run.</summary>
    /// <exception cref="ApiException">400 or 409 with a stable code: it cannot be run as asked.</exception>
    public async Task<RunRow> QueueAsync(StartTraining request, CancellationToken cancellationToken)
    {
        if (await FindAsync(request.RunId, cancellationToken) is { } known) return known;
        // The run lists the whole split; here it is enough to see that there is something to learn from.
        var (model, _, _) = await SettleAsync(request, cancellationToken, Enough);
        return await AddAsync(Row(request, model, RunState.Queued), cancellationToken);
    }

    /// <summary>Checks a request and settles what it leaves open: the version to start from, the data set and the clips of it to learn from.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <param name="enough">Clips that are enough if it can be learnt from them.</param>
    /// <exception cref="ApiException">400 or 409 with a stable code: it cannot be run as asked.</exception>
    public async Task<(string Model, IDataset Dataset, IReadOnlyList<Clip> Train)> SettleAsync(StartTraining request, CancellationToken cancellationToken, int enough = int.MaxValue)
    {
        Check(request);
        var dataset = await DatasetAsync(request, cancellationToken);
        var model = await BaseModelAsync(request, cancellationToken);
        // Clips whose features are still to be made count: the run makes them.
        var clips = await dataset.PageAsync(Splits.Train, null, enough, cancellationToken);
        if (Refusal(request, clips) is not null && clips.Count == enough) clips = await dataset.ListAsync(Splits.Train, cancellationToken);
        return Refusal(request, clips) is { } refusal ? throw refusal : (model, dataset, clips);
    }

    /// <summary>Enters a run that was refused, so that whoever sent the command can read why.</summary>
    public async Task<RunRow> RefuseAsync(StartTraining request, ApiException reason, CancellationToken cancellationToken)
    {
        // What was refused may be refused because of its text; PostgreSQL keeps none with U+0000 in it.
        request = request with { Task = Kept(request.Task)!, Dataset = Kept(request.Dataset)!, QuestionTypes = null };
        var row = Row(request, Kept(request.BaseModel), RunState.Failed);
        (row.FailureCode, row.FailureDetail, row.EndedAt) = (reason.Code, Kept(reason.Message), row.CreatedAt);
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

    private static void Check(StartTraining request)
    {
        if (request.Task is not (ModelTasks.Retrieval or ModelTasks.QuestionAnswering))
            throw Bad("bad-task", $"The task must be \"{ModelTasks.Retrieval}\" or \"{ModelTasks.QuestionAnswering}\".");
        if (request.Epochs is < 1 or > 1000) throw Bad("bad-epochs", "The number of epochs must be between 1 and 1000.");
        if (request.BatchSize is < 2 or > 1024) throw Bad("bad-batch-size", "The batch size must be between 2 and 1024.");
        if (request.LearningRate is { } rate && rate is not (> 0 and <= 1)) throw Bad("bad-learning-rate", "The learning rate must be above 0 and at most 1.");
        if (request.Seed < 0) throw Bad("bad-seed", "The seed must not be negative.");
        if (request.Patience is < 1 or > 1000) throw Bad("bad-patience", "The patience must be between 1 and 1000 passes.");
        if (request.Patience is not null && request.Validate == false) throw Bad("bad-patience", "A run that does not validate cannot stop early; leave the patience out.");
        if (request.Losses is not (null or LossTerms.Both or LossTerms.Global or LossTerms.Local))
            throw Bad("bad-losses", $"The losses must be \"{LossTerms.Both}\", \"{LossTerms.Global}\" or \"{LossTerms.Local}\".");
        if (request.Task == ModelTasks.QuestionAnswering && request.Losses is not (null or LossTerms.Both)) throw Bad("bad-losses", "Question answering has one loss only; leave the losses out.");
        CheckQuestionTypes(request);
    }

    private static ApiException? Refusal(StartTraining request, IReadOnlyList<Clip> clips)
    {
        if (Examples.Of(request.Task, clips, [], request.QuestionTypes).Check() is { } refusal) return new ApiException(409, refusal.Code, refusal.Detail);
        return request.QuestionTypes?.FirstOrDefault(type => !clips.Any(c => c.Questions.Any(q => q.Type == type))) is { } unknown
            ? new ApiException(409, "dataset-has-no-questions", $"No clip that the data set has to learn from comes with a question of the type \"{unknown}\".")
            : null;
    }

    private static void CheckQuestionTypes(StartTraining request)
    {
        if (request.QuestionTypes is not { } types) return;
        if (request.Task != ModelTasks.QuestionAnswering) throw Bad("bad-question-types", "Retrieval learns from captions; leave the types of questions out.");
        if (types.Count is < 1 or > 16 || types.Any(t => t is not { Length: >= 1 and <= 64 } || t.Any(char.IsControl)) || types.Distinct(StringComparer.Ordinal).Count() < types.Count)
            throw Bad("bad-question-types", "Between 1 and 16 different types of questions can be named, each of 1 to 64 characters.");
    }

    private async Task<string> BaseModelAsync(StartTraining request, CancellationToken cancellationToken)
    {
        var version = request.BaseModel ?? await registry.ActiveVersionAsync(request.Task, cancellationToken)
            ?? throw new ApiException(409, "no-active-model", "No model answers this task yet, so there is nothing to start from; name a baseModel.");
        // Either task can start from a model for the other one: the encoders are the same, the head is made or left behind.
        return await registry.FindAsync(version, cancellationToken) is null ? throw Bad("unknown-model", "There is no model of the version named as baseModel.") : version;
    }

    private async Task<IDataset> DatasetAsync(StartTraining request, CancellationToken cancellationToken)
    {
        var dataset = request.Dataset.Contains('\0') ? null : await find(request.Dataset, cancellationToken);
        if (dataset is null) throw Bad("unknown-dataset", $"There is no such data set; \"{LibraryDataset.LibraryName}\" is the uploaded videos that have captions.");
        return (await dataset.SplitsAsync(cancellationToken)).Contains(Splits.Train)
            ? dataset
            : throw new ApiException(409, "dataset-has-no-training-split", $"The data set has no split \"{Splits.Train}\" to learn from.");
    }

    /// <summary>The run that a request asks for, with what it leaves open.</summary>
    public RunRow Row(StartTraining request, string? model, string state) => new()
    {
        Id = request.RunId, State = state, Task = request.Task, Dataset = request.Dataset, BaseModel = model, CreatedAt = time.GetUtcNow().UtcDateTime,
        Epochs = request.Epochs ?? RunDefaults.Epochs, BatchSize = request.BatchSize ?? RunDefaults.BatchSize,
        LearningRate = request.LearningRate ?? RunDefaults.LearningRate, Seed = request.Seed ?? RunDefaults.Seed, Patience = request.Patience,
        LossTerms = request.Losses is LossTerms.Global or LossTerms.Local ? request.Losses : LossTerms.Both, SkipsValidation = request.Validate == false,
        QuestionTypes = request.QuestionTypes?.ToList(),
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
