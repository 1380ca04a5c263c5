using DemoVlp.QueryAnswering.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DemoVlp.QueryAnswering.Models;

/// <summary>Tells which models answer. Without one the service is ready all the same: queries say <c>model-not-ready</c>, and only an activation can change that.</summary>
internal sealed class ModelHealthCheck(QueryDbContext database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var active = await database.Generations.AsNoTracking().Where(g => g.State == GenerationState.Active).OrderBy(g => g.Task)
            .Select(g => g.Task + ": " + g.ModelVersion).ToListAsync(cancellationToken);
        return HealthCheckResult.Healthy(active.Count == 0 ? "No model is active yet." : string.Join("; ", active));
    }
}
