using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DemoVlp.Database;

/// <summary>Ready means: the database answers.</summary>
internal sealed class DatabaseHealthCheck<TContext>(TContext database) : IHealthCheck where TContext : ServiceDbContext
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await database.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The database does not answer.");
}
