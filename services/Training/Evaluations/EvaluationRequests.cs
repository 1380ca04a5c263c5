using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Registry;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Evaluations;

/// <summary>Takes requests for evaluations: checks them, settles what they leave open, queues them.</summary>
internal sealed class EvaluationRequests(TrainingDbContext database, ModelRegistry registry, FindDataset find, TimeProvider time)
{
    public static readonly string[] Tasks = [EvaluationTask.Retrieval, EvaluationTask.QuestionAnswering, EvaluationTask.MultipleChoice];

    /// <summary>Queues an evaluation.</summary>
    /// <exception cref="ApiException">400 or 409 with a stable code: it cannot be carried out as asked.</exception>
    public async Task<EvaluationRow> QueueAsync(EvaluationRequest request, CancellationToken cancellationToken)
    {
        if (request.Task is { } asked && !Tasks.Contains(asked)) throw Bad("bad-task", $"The task must be one of {string.Join(", ", Tasks)}.");
        var model = await ModelAsync(request, cancellationToken);
        var task = request.Task ?? model.Task;
        if (ModelTaskOf(task) != model.Task) throw Bad("task-mismatch", $"The model {model.Version} is one for {model.Task}; {task} is measured with one for {ModelTaskOf(task)}.");
        if (string.IsNullOrEmpty(request.Dataset)) throw Bad("unknown-dataset", "Name the data set to measure on; GET /api/v1/datasets lists those there are.");
        var dataset = request.Dataset.Contains('\0') ? null : await find(request.Dataset, cancellationToken);
        if (dataset is null) throw Bad("unknown-dataset", "There is no data set of this name; GET /api/v1/datasets lists those there are.");
        var splits = await dataset.SplitsAsync(cancellationToken);
        var split = request.Split ?? (splits.Contains(Splits.Test) ? Splits.Test : splits.Contains(Splits.Val) ? Splits.Val : splits.Count > 0 ? splits[0] : null);
        if (split is null || !splits.Contains(split)) throw Bad("unknown-split", $"The data set {dataset.Name} has the splits {string.Join(", ", splits)}.");
        var row = new EvaluationRow
        {
            Id = Guid.CreateVersion7(), State = RunState.Queued, Model = model.Version, Dataset = dataset.Name, Split = split, Task = task, CreatedAt = time.GetUtcNow().UtcDateTime,
        };
        database.Evaluations.Add(row);
        await database.SaveChangesAsync(cancellationToken);
        return row;
    }

    /// <summary>An evaluation by id.</summary>
    public Task<EvaluationRow?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        database.Evaluations.AsNoTracking().SingleOrDefaultAsync(e => e.Id == id, cancellationToken);

    /// <summary>Asks an evaluation to stop: at once if it is queued, otherwise when its worker sees it.</summary>
    public async Task CancelAsync(Guid id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await database.Evaluations.Where(e => e.Id == id && e.State == RunState.Queued).ExecuteUpdateAsync(set => set
            .SetProperty(e => e.State, RunState.Cancelled).SetProperty(e => e.EndedAt, now).SetProperty(e => e.Version, e => e.Version + 1), cancellationToken);
        await database.Evaluations.Where(e => e.Id == id && e.State == RunState.Running && !e.CancelRequested).ExecuteUpdateAsync(set => set
            .SetProperty(e => e.CancelRequested, true).SetProperty(e => e.Version, e => e.Version + 1), cancellationToken);
    }

    private async Task<ModelRow> ModelAsync(EvaluationRequest request, CancellationToken cancellationToken)
    {
        var version = request.Model ?? await registry.ActiveVersionAsync(ModelTaskOf(request.Task ?? EvaluationTask.Retrieval), cancellationToken)
            ?? throw new ApiException(409, "no-active-model", "No model answers this task yet; name one.");
        return await registry.FindAsync(version, cancellationToken) ?? throw Bad("unknown-model", "There is no model of this version.");
    }

    // Multiple choice needs no model of its own: the options compete as captions (paper section 4.3).
    private static string ModelTaskOf(string task) => task == EvaluationTask.QuestionAnswering ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval;

    private static ApiException Bad(string code, string detail) => new(400, code, detail);
}
