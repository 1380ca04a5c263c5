using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Runs;

/// <summary>Removes checkpoints of runs that have ended: all of those that completed, and of the failed and cancelled ones all but the newest few.</summary>
internal sealed class CheckpointRetention(TrainingDbContext database, IArtifactStore artifacts, IOptions<TrainingOptions> options)
{
    /// <summary>Removes what is there too many. Can be repeated at any time.</summary>
    public async Task ApplyAsync(CancellationToken cancellationToken)
    {
        var keys = artifacts.List("runs").Select(k => k.Split('/')).Where(k => k is [_, _, "checkpoints", _]).Select(k => k[1]).Distinct(StringComparer.Ordinal);
        var holders = keys.Select(k => Guid.TryParse(k, out var id) ? id : Guid.Empty).ToList();
        var ended = await database.Runs.AsNoTracking().Where(r => holders.Contains(r.Id) && r.EndedAt != null)
            .OrderByDescending(r => r.EndedAt).Select(r => new { r.Id, r.State }).ToListAsync(cancellationToken);
        var kept = ended.Where(r => r.State != RunState.Completed).Take(options.Value.KeepCheckpoints).Select(r => r.Id).ToHashSet();
        foreach (var run in ended.Where(r => !kept.Contains(r.Id))) artifacts.Delete(RunArtifacts.Checkpoints(run.Id));
    }
}
