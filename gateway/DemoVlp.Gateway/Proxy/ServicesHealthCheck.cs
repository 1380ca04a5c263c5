using Microsoft.Extensions.Diagnostics.HealthChecks;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace DemoVlp.Gateway.Proxy;

/// <summary>Tells which services have no instance known to be well. The gateway itself still answers, hence degraded and not unhealthy.</summary>
internal sealed class ServicesHealthCheck(IProxyStateLookup proxy) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var missing = proxy.GetClusters().Where(cluster => !cluster.Destinations.Values.Any(IsWell)).Select(cluster => cluster.ClusterId).Order().ToArray();
        return Task.FromResult(missing.Length == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"Not ready: {string.Join(", ", missing)}."));
    }

    private static bool IsWell(DestinationState destination) =>
        destination.Health.Active == DestinationHealth.Healthy && destination.Health.Passive != DestinationHealth.Unhealthy;
}
