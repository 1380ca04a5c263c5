using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using DemoVlp.Training.Evaluations;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Registry;

/// <summary>Models as clients see them: their rows, with what runs, evaluations and activations say of them.</summary>
internal sealed class ModelDescriptions(TrainingDbContext database, ModelConfigurations configurations)
{
    /// <summary>Several models, in their order.</summary>
    public async Task<IReadOnlyList<Model>> DescribeAsync(IReadOnlyList<ModelRow> models, CancellationToken cancellationToken)
    {
        var versions = models.Select(m => m.Version).ToList();
        var runIds = models.Select(m => m.RunId).OfType<Guid>().ToList();
        var activations = (await database.Activations.AsNoTracking().Where(a => versions.Contains(a.ModelVersion)).ToListAsync(cancellationToken)).ToLookup(a => a.ModelVersion);
        var runs = await database.Runs.AsNoTracking().Where(r => runIds.Contains(r.Id)).Select(r => new { r.Id, r.BaseModel, r.Dataset }).ToDictionaryAsync(r => r.Id, cancellationToken);
        var evaluations = (await NewestAsync(versions, cancellationToken)).ToLookup(e => e.Model);
        return [.. models.Select(model =>
        {
            var own = activations[model.Version].OrderBy(a => a.ActivatedAt).ToList();
            var run = model.RunId is { } id ? runs.GetValueOrDefault(id) : null;
            return new Model
            {
                Version = model.Version, Task = model.Task, Origin = model.Origin, RunId = model.RunId, BaseModel = run?.BaseModel, Dataset = run?.Dataset, Description = model.Description,
                CreatedAt = model.CreatedAt, Configuration = configurations.Find(model), Metrics = [.. evaluations[model.Version].Select(Metric)],
                Active = own.Exists(a => a.State == ActivationState.Active),
                Activation = own.LastOrDefault()?.State switch
                {
                    ActivationState.Pending => "activating",
                    ActivationState.Replaced => null,
                    var state => state,
                },
                ActivationDetails = own is [.., var last] ? Details(last) : null,
            };
        })];
    }

    /// <summary>One model.</summary>
    public async Task<Model> DescribeAsync(ModelRow model, CancellationToken cancellationToken) => (await DescribeAsync([model], cancellationToken))[0];

    /// <summary>Of each model the newest completed evaluation of each data set, split and task.</summary>
    public async Task<IReadOnlyList<EvaluationRow>> NewestAsync(IReadOnlyList<string> versions, CancellationToken cancellationToken)
    {
        var completed = await CompletedAsync(versions, cancellationToken);
        return [.. completed.GroupBy(e => (e.Model, e.Dataset, e.Split, e.Task)).Select(g => g.MaxBy(e => (e.CreatedAt, e.Id))!)
            .OrderBy(e => e.Dataset, StringComparer.Ordinal).ThenBy(e => e.Split, StringComparer.Ordinal).ThenBy(e => e.Task, StringComparer.Ordinal)];
    }

    /// <summary>All completed evaluations of models.</summary>
    public Task<List<EvaluationRow>> CompletedAsync(IReadOnlyList<string> versions, CancellationToken cancellationToken) => database.Evaluations.AsNoTracking()
        .Where(e => versions.Contains(e.Model) && e.State == RunState.Completed && e.MainMetric != null).ToListAsync(cancellationToken);

    private static ModelMetric Metric(EvaluationRow e) => new(e.Dataset, e.Split, e.Task, EvaluationReports.MainName(e.Task), e.MainMetric!.Value, e.Id);

    private static ActivationDetails Details(ActivationRow a) => new()
    {
        VideosEmbedded = a.VideosEmbedded, VideosTotal = a.VideosTotal, Gate = a.Gate, Failure = a.FailureCode is { } code ? new VideoFailure(code, a.FailureDetail ?? "") : null,
        RequestedAt = a.ActivatedAt, AnsweredAt = a.AnsweredAt,
    };
}
