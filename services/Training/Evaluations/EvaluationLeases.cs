using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Evaluations;

/// <summary>Who works on which evaluation. Every step is one conditional update, so that two workers never both hold one.</summary>
internal sealed class EvaluationLeases(IServiceScopeFactory scopes, IOptions<TrainingOptions> options, TimeProvider time)
{
    private TimeSpan Length => TimeSpan.FromSeconds(options.Value.LeaseSeconds);

    /// <summary>Frees what a killed predecessor held. Only for a database that one process owns.</summary>
    public Task<int> ReclaimAsync(CancellationToken cancellationToken) => UseAsync(database =>
    {
        var ended = Now().AddSeconds(-1);
        return database.Evaluations.Where(e => e.State == RunState.Running && e.LeaseUntil > ended)
            .ExecuteUpdateAsync(set => set.SetProperty(e => e.LeaseUntil, ended).SetProperty(e => e.Version, e => e.Version + 1), cancellationToken);
    });

    /// <summary>Takes the oldest evaluation that is queued, or whose worker has not been heard of for the length of a lease; null if there is none.</summary>
    public Task<EvaluationRow?> ClaimAsync(string owner, CancellationToken cancellationToken) => UseAsync(async database =>
    {
        while (true)
        {
            var now = Now();
            var free = await database.Evaluations.AsNoTracking().Where(e => e.State == RunState.Queued || e.State == RunState.Running && e.LeaseUntil < now)
                .OrderBy(e => e.CreatedAt).ThenBy(e => e.Id).Select(e => new { e.Id, e.Version }).FirstOrDefaultAsync(cancellationToken);
            if (free is null) return null;
            var until = now + Length;
            var won = await database.Evaluations.Where(e => e.Id == free.Id && e.Version == free.Version).ExecuteUpdateAsync(set => set
                .SetProperty(e => e.State, RunState.Running).SetProperty(e => e.LeaseOwner, owner).SetProperty(e => e.LeaseUntil, until)
                .SetProperty(e => e.Attempts, e => e.Attempts + 1).SetProperty(e => e.StartedAt, e => e.StartedAt ?? now).SetProperty(e => e.Version, e => e.Version + 1), cancellationToken);
            if (won == 1) return await database.Evaluations.AsNoTracking().SingleAsync(e => e.Id == free.Id, cancellationToken);
        }
    });

    /// <summary>Extends the lease and writes how the evaluation is doing.</summary>
    /// <returns>Whether the lease still holds, and whether the evaluation is to stop.</returns>
    public Task<(bool Held, bool CancelRequested)> RenewAsync(Guid id, string owner, EvaluationProgress progress, CancellationToken cancellationToken) => UseAsync(async database =>
    {
        var until = Now() + Length;
        var held = await Mine(database, id, owner).ExecuteUpdateAsync(set => set.SetProperty(e => e.LeaseUntil, until)
            .SetProperty(e => e.Phase, progress.Phase).SetProperty(e => e.Done, progress.Done).SetProperty(e => e.Total, progress.Total)
            .SetProperty(e => e.Samples, progress.Samples).SetProperty(e => e.Missing, progress.Missing).SetProperty(e => e.DatasetFingerprint, progress.Fingerprint)
            .SetProperty(e => e.Version, e => e.Version + 1), cancellationToken) == 1;
        return (held, held && await database.Evaluations.AnyAsync(e => e.Id == id && e.CancelRequested, cancellationToken));
    });

    /// <summary>Gives an evaluation back unfinished, for anybody to take after <paramref name="delay"/>; an orderly stop does not count as an attempt.</summary>
    public Task ReleaseAsync(Guid id, string owner, TimeSpan delay, bool orderly) => UseAsync(database =>
    {
        var from = Now() + delay;
        return Mine(database, id, owner).ExecuteUpdateAsync(set => set.SetProperty(e => e.LeaseOwner, (string?)null).SetProperty(e => e.LeaseUntil, from)
            .SetProperty(e => e.Attempts, e => orderly ? 0 : e.Attempts).SetProperty(e => e.Version, e => e.Version + 1));
    });

    /// <summary>Ends an evaluation.</summary>
    /// <returns>Whether it was still this worker's.</returns>
    public Task<bool> EndAsync(Guid id, string owner, EvaluationEnd end) => UseAsync(async database =>
    {
        var now = Now();
        return await Mine(database, id, owner).ExecuteUpdateAsync(set => set.SetProperty(e => e.State, end.State).SetProperty(e => e.EndedAt, now)
            .SetProperty(e => e.Phase, (string?)null).SetProperty(e => e.Metrics, end.Metrics).SetProperty(e => e.MainMetric, end.MainMetric)
            .SetProperty(e => e.FailureCode, end.FailureCode).SetProperty(e => e.FailureDetail, end.FailureDetail)
            .SetProperty(e => e.LeaseOwner, (string?)null).SetProperty(e => e.LeaseUntil, (DateTime?)null).SetProperty(e => e.Version, e => e.Version + 1)) == 1;
    });

    private static IQueryable<EvaluationRow> Mine(TrainingDbContext database, Guid id, string owner) =>
        database.Evaluations.Where(e => e.Id == id && e.LeaseOwner == owner && e.State == RunState.Running);

    private async Task<T> UseAsync<T>(Func<TrainingDbContext, Task<T>> use)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TrainingDbContext>());
    }

    private DateTime Now() => time.GetUtcNow().UtcDateTime;
}

/// <summary>How an evaluation is doing.</summary>
internal sealed record EvaluationProgress(string Phase, int? Done = null, int? Total = null, int? Samples = null, int? Missing = null, string? Fingerprint = null);

/// <summary>How an evaluation ended.</summary>
internal sealed record EvaluationEnd(string State, EvaluationMetrics? Metrics = null, double? MainMetric = null, string? FailureCode = null, string? FailureDetail = null)
{
    public static EvaluationEnd Failed(string code, string detail) => new(RunState.Failed, FailureCode: code, FailureDetail: detail);
    public static EvaluationEnd Cancelled { get; } = new(RunState.Cancelled);
}
