using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DemoVlp.FrameSampling;

/// <summary>Not ready where the programs that decode are not installed.</summary>
internal sealed class MediaToolsHealthCheck : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var missing = MediaTools.Needed.Where(tool => !folders.Any(folder => File.Exists(Path.Combine(folder, tool)))).ToList();
        return Task.FromResult(missing.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"Not installed: {string.Join(", ", missing)}."));
    }
}
