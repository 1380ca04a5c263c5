using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Runs;

/// <summary>Who works on which run. Every step is one conditional update, so that two workers never both hold a run.</summary>
internal sealed class RunLeases(IServiceScopeFactory scopes, IOptions<TrainingOptions> options, TimeProvider time)
{
    private TimeSpan Length => TimeSpan.FromSeconds(options.Value.LeaseSeconds);

    /// <summary>Frees what a killed predecessor held. Only for a database that one process owns: elsewhere another worker may be at it.</summary>
    public async Task ReclaimAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TrainingDbContext>();
        var ended = Now() - TimeSpan.FromSeconds(1);
        await database.Runs.Where(r => r.State == RunState.Running && r.LeaseUntil > ended).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.LeaseOwner, (string?)null).SetProperty(r => r.LeaseUntil, ended).SetProperty(r => r.Version, r => r.Version + 1), cancellationToken);
    }

    /// <summary>Takes the oldest run that is queued, or whose worker has not been heard of for the length of a lease.</summary>
    /// <returns>The run as taken; null: there is nothing to do.</returns>
    public async Task<RunRow?> ClaimAsync(string owner, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TrainingDbContext>();
        while (true)
        {
            var now = Now();
            var free = await database.Runs.AsNoTracking().Where(r => r.State == RunState.Queued || r.State == RunState.Running && r.LeaseUntil < now)
                .OrderBy(r => r.CreatedAt).ThenBy(r => r.Id).Select(r => new { r.Id, r.Version }).FirstOrDefaultAsync(cancellationToken);
            if (free is null) return null;
            var until = now + Length;
            var won = await database.Runs.Where(r => r.Id == free.Id && r.Version == free.Version).ExecuteUpdateAsync(set => set
                .SetProperty(r => r.State, RunState.Running).SetProperty(r => r.Phase, RunPhase.Preparing)
                .SetProperty(r => r.LeaseOwner, owner).SetProperty(r => r.LeaseUntil, until).SetProperty(r => r.Attempts, r => r.Attempts + 1)
                .SetProperty(r => r.StartedAt, r => r.StartedAt ?? now).SetProperty(r => r.Version, r => r.Version + 1), cancellationToken);
            if (won == 1) return await database.Runs.AsNoTracking().SingleAsync(r => r.Id == free.Id, cancellationToken);
        }
    }

    /// <summary>Extends the lease and writes how the run is doing.</summary>
    /// <returns>Whether the lease still holds, and whether the run is to stop.</returns>
    public async Task<(bool Held, bool CancelRequested)> RenewAsync(Guid runId, string owner, RunProgress progress, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TrainingDbContext>();
        var until = Now() + Length;
        var held = await database.Runs.Where(r => r.Id == runId && r.LeaseOwner == owner && r.State == RunState.Running).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.LeaseUntil, until).SetProperty(r => r.Phase, progress.Phase)
            .SetProperty(r => r.Step, progress.Step).SetProperty(r => r.TotalSteps, r => progress.TotalSteps ?? r.TotalSteps).SetProperty(r => r.Epoch, r => progress.Epoch ?? r.Epoch)
            .SetProperty(r => r.Losses, progress.Losses).SetProperty(r => r.CurrentLearningRate, progress.LearningRate)
            .SetProperty(r => r.SamplesPerSecond, progress.SamplesPerSecond).SetProperty(r => r.SecondsLeft, progress.SecondsLeft).SetProperty(r => r.Preparation, progress.Preparation)
            .SetProperty(r => r.Metrics, progress.Metrics).SetProperty(r => r.BestMetrics, progress.BestMetrics).SetProperty(r => r.BestEpoch, progress.BestEpoch)
            .SetProperty(r => r.CpuSeconds, progress.CpuSeconds).SetProperty(r => r.WallSeconds, progress.WallSeconds)
            .SetProperty(r => r.Attempts, r => progress.Checkpointed ? 0 : r.Attempts).SetProperty(r => r.Version, r => r.Version + 1), cancellationToken) == 1;
        return (held, held && await database.Runs.AnyAsync(r => r.Id == runId && r.CancelRequested, cancellationToken));
    }

    /// <summary>Enters what a run learns from and what it will probably take.</summary>
    public Task RecordAsync(Guid runId, string owner, RunRecord record, TrainingEstimate estimate, double stepWork, long modelParameters) =>
        UpdateAsync(runId, owner, runs => runs.ExecuteUpdateAsync(set => set
            .SetProperty(r => r.Record, record).SetProperty(r => r.Estimate, estimate).SetProperty(r => r.StepWork, stepWork)
            .SetProperty(r => r.ModelParameters, modelParameters).SetProperty(r => r.Version, r => r.Version + 1)));

    /// <summary>Replaces what is recorded of a run.</summary>
    public Task RecordAsync(Guid runId, string owner, RunRecord record) =>
        UpdateAsync(runId, owner, runs => runs.ExecuteUpdateAsync(set => set.SetProperty(r => r.Record, record).SetProperty(r => r.Version, r => r.Version + 1)));

    /// <summary>Gives a run back unfinished, for anybody to take after <paramref name="delay"/>; an orderly stop does not count as an attempt.</summary>
    public Task ReleaseAsync(Guid runId, string owner, TimeSpan delay, bool orderly, CancellationToken cancellationToken)
    {
        var from = Now() + delay;
        return UpdateAsync(runId, owner, runs => runs.ExecuteUpdateAsync(set => set
            .SetProperty(r => r.LeaseOwner, (string?)null).SetProperty(r => r.LeaseUntil, from)
            .SetProperty(r => r.Attempts, r => orderly ? 0 : r.Attempts).SetProperty(r => r.Version, r => r.Version + 1), cancellationToken));
    }

    /// <summary>Ends a run.</summary>
    /// <returns>Whether it was still this worker's.</returns>
    public async Task<bool> EndAsync(Guid runId, string owner, RunEnd end, CancellationToken cancellationToken)
    {
        var now = Now();
        return await UpdateAsync(runId, owner, runs => runs.ExecuteUpdateAsync(set => set
            .SetProperty(r => r.State, end.State).SetProperty(r => r.Phase, (string?)null).SetProperty(r => r.EndedAt, now).SetProperty(r => r.SecondsLeft, (double?)null).SetProperty(r => r.Preparation, (RunPreparation?)null)
            .SetProperty(r => r.ModelVersion, end.ModelVersion).SetProperty(r => r.FailureCode, end.FailureCode).SetProperty(r => r.FailureDetail, end.FailureDetail)
            .SetProperty(r => r.LeaseOwner, (string?)null).SetProperty(r => r.LeaseUntil, (DateTime?)null).SetProperty(r => r.Version, r => r.Version + 1), cancellationToken)) == 1;
    }

    private async Task<int> UpdateAsync(Guid runId, string owner, Func<IQueryable<RunRow>, Task<int>> update)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TrainingDbContext>();
        return await update(database.Runs.Where(r => r.Id == runId && r.LeaseOwner == owner && r.State == RunState.Running));
    }

    private DateTime Now() => time.GetUtcNow().UtcDateTime;
}

/// <summary>How a run is doing.</summary>
internal sealed record RunProgress
{
    public required string Phase { get; init; }
    public int Step { get; init; }
    public int? TotalSteps { get; init; }
    public int? Epoch { get; init; }
    public Dictionary<string, double> Losses { get; init; } = [];
    public double? LearningRate { get; init; }
    public double? SamplesPerSecond { get; init; }
    public double? SecondsLeft { get; init; }
    public RunPreparation? Preparation { get; init; }
    public Dictionary<string, double>? Metrics { get; init; }
    public Dictionary<string, double>? BestMetrics { get; init; }
    public int? BestEpoch { get; init; }
    public double CpuSeconds { get; init; }
    public double WallSeconds { get; init; }

    /// <summary>The progress of a run that has just been taken: as far as it was known to be.</summary>
    public static RunProgress Of(RunRow run) => new()
    {
        Phase = RunPhase.Preparing, Step = run.Step, Losses = run.Losses, Metrics = run.Metrics, BestMetrics = run.BestMetrics, BestEpoch = run.BestEpoch,
        SecondsLeft = run.SecondsLeft, CpuSeconds = run.CpuSeconds, WallSeconds = run.WallSeconds,
    };

    /// <summary>Whether this worker has written a checkpoint: it does not die before it gets anywhere.</summary>
    public bool Checkpointed { get; init; }
}

/// <summary>How a run ended.</summary>
internal sealed record RunEnd(string State, string? ModelVersion = null, string? FailureCode = null, string? FailureDetail = null)
{
    public static RunEnd Completed(string modelVersion) => new(RunState.Completed, modelVersion);
    public static RunEnd Failed(string code, string detail) => new(RunState.Failed, FailureCode: code, FailureDetail: detail);
    public static RunEnd Cancelled { get; } = new(RunState.Cancelled);
}
