using DemoVlp.Gateway.Startup;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace DemoVlp.Gateway.Proxy;

/// <summary>Which service answers which path, and where the services are.</summary>
internal static class ServiceRoutes
{
    public const string Catalog = "Catalog", Regions = "RegionExtraction", Queries = "QueryAnswering", Training = "Training";

    private static readonly (string Service, string[] Methods, string Path)[] Table =
    [
        (Catalog, ["GET", "POST"], "/api/v1/videos"),
        (Catalog, ["GET", "DELETE"], "/api/v1/videos/{id}"),
        (Catalog, ["GET"], "/api/v1/videos/{id}/events"),
        (Catalog, ["GET", "HEAD"], "/api/v1/videos/{id}/content"),
        (Catalog, ["GET", "HEAD"], "/api/v1/videos/{id}/frames/{index}"),
        (Catalog, ["PUT"], "/api/v1/videos/{id}/captions"),
        (Catalog, ["POST"], "/api/v1/videos/{id}/retry"),
        (Catalog, ["GET"], "/api/v1/videos/{id}/regions"),
        (Catalog, ["GET", "POST"], "/api/v1/regions/re-extraction"),
        (Queries, ["POST"], "/api/v1/search"),
        (Queries, ["POST"], "/api/v1/answers"),
        (Queries, ["POST"], "/api/v1/videos/{id}/answers"),
        (Queries, ["POST"], "/api/v1/videos/{id}/choices"),
        (Training, ["GET", "POST"], "/api/v1/training-runs"),
        (Training, ["POST"], "/api/v1/training-runs/estimate"),
        (Training, ["GET"], "/api/v1/training-runs/{id}"),
        (Training, ["GET"], "/api/v1/training-runs/{id}/events"),
        (Training, ["GET"], "/api/v1/training-runs/{id}/losses.svg"),
        (Training, ["GET"], "/api/v1/training-runs/{id}/tensorboard"),
        (Training, ["POST"], "/api/v1/training-runs/{id}/cancel"),
        (Training, ["GET", "POST"], "/api/v1/models"),
        (Training, ["GET"], "/api/v1/models/{version}"),
        (Training, ["GET"], "/api/v1/models/{version}/card"),
        (Training, ["GET"], "/api/v1/models/{version}/files/{name}"),
        (Training, ["GET"], "/api/v1/models/{version}/events"),
        (Training, ["POST"], "/api/v1/models/{version}/activate"),
        (Training, ["GET", "POST"], "/api/v1/evaluations"),
        (Training, ["GET"], "/api/v1/evaluations/{id}"),
        (Training, ["GET"], "/api/v1/evaluations/{id}/events"),
        (Training, ["POST"], "/api/v1/evaluations/{id}/cancel"),
        (Training, ["GET", "POST"], "/api/v1/datasets"),
        (Training, ["GET", "DELETE"], "/api/v1/datasets/{name}"),
        (Training, ["GET"], "/api/v1/datasets/{name}/clips"),
        (Training, ["GET"], "/api/v1/datasets/{name}/unusable"),
        (Training, ["GET", "HEAD"], "/api/v1/datasets/{name}/clips/{clip}/content"),
    ];

    public static IReadOnlyList<RouteConfig> Routes() =>
        [.. Table.Select((row, index) => new RouteConfig
        {
            RouteId = $"{row.Service}-{index}",
            ClusterId = row.Service,
            Match = new RouteMatch { Path = row.Path, Methods = row.Methods },
        })];

    /// <exception cref="StartupRefusedException">A service has no address, or a wrong one.</exception>
    public static IReadOnlyList<ClusterConfig> Clusters(IConfiguration configuration) =>
        // No path leads to the extraction of regions, but whether it is well belongs to what the gateway tells.
        [.. Table.Select(row => row.Service).Append(Regions).Distinct().Select(service => new ClusterConfig
        {
            ClusterId = service,
            Destinations = Destinations(configuration, service),
            LoadBalancingPolicy = LoadBalancingPolicies.PowerOfTwoChoices,
            HealthCheck = new HealthCheckConfig
            {
                // With none known to be well, trying one is better than refusing: its own answer says more.
                AvailableDestinationsPolicy = HealthCheckConstants.AvailableDestinations.HealthyOrPanic,
                Active = new ActiveHealthCheckConfig { Enabled = true, Path = "/health/ready", Interval = TimeSpan.FromSeconds(3), Timeout = TimeSpan.FromSeconds(2), Policy = HealthCheckConstants.ActivePolicy.ConsecutiveFailures },
                Passive = new PassiveHealthCheckConfig { Enabled = true, Policy = FirstFailurePolicy.PolicyName },
            },
            Metadata = new Dictionary<string, string> { ["ConsecutiveFailuresHealthPolicy.Threshold"] = "2" },
            // Event streams may be silent for long; short calls have their limit in the front.
            HttpRequest = new ForwarderRequestConfig { ActivityTimeout = TimeSpan.FromHours(1), Version = new Version(1, 1), VersionPolicy = HttpVersionPolicy.RequestVersionExact },
        })];

    private static Dictionary<string, DestinationConfig> Destinations(IConfiguration configuration, string service)
    {
        var addresses = GatewayOptions.ReadList(configuration, $"Services:{service}");
        if (addresses.Length == 0)
            throw new StartupRefusedException($"Not started: Services:{service} is not set (environment variable Services__{service}). It is the base address of the service, or several with commas, for example http://localhost:5001.");
        if (addresses.FirstOrDefault(address => !IsBaseAddress(address)) is { } wrong)
            throw new StartupRefusedException($"Not started: '{wrong}' in Services:{service} is no http address.");
        return addresses.Distinct().ToDictionary(address => address, address => new DestinationConfig { Address = address });
    }

    private static bool IsBaseAddress(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
}
