using DemoVlp.Gateway.Access;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.ServiceDiscovery;
using Yarp.ReverseProxy.Transforms;

namespace DemoVlp.Gateway.Proxy;

/// <summary>Forwards the API's paths, and no others, to the services (<c>Services:Catalog</c> and so on).</summary>
internal static class ServiceProxy
{
    // What the front has dealt with, and what a client must not be able to claim. X-Forwarded-* is written anew by YARP.
    private static readonly string[] Dropped = [AccessControl.KeyHeader, "Cookie", "Forwarded", "X-Real-IP", "X-Original-Host", "Proxy-Authorization"];

    public static WebApplicationBuilder AddServiceProxy(this WebApplicationBuilder builder)
    {
        // A stack trace every few seconds for a service that is away; that it went and came back is told by the health updater.
        builder.Logging.AddFilter("Yarp.ReverseProxy.Health.ActiveHealthCheckMonitor", LogLevel.None);
        var names = new NameResolver(TimeSpan.FromSeconds(5));
        builder.Services.AddSingleton<IDestinationResolver>(names);
        builder.Services.AddSingleton<IPassiveHealthCheckPolicy, FirstFailurePolicy>();
        builder.Services.AddReverseProxy()
            .LoadFromMemory(ServiceRoutes.Routes(), ServiceRoutes.Clusters(builder.Configuration))
            .ConfigureHttpClient((_, handler) =>
            {
                handler.ConnectTimeout = TimeSpan.FromSeconds(3);
                // New addresses behind a name are found by asking again; connections to old ones must not live for ever.
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
            })
            .AddTransforms(transforms =>
            {
                foreach (var header in Dropped) transforms.AddRequestHeaderRemove(header);
                transforms.AddResponseHeaderRemove("Server", ResponseCondition.Always);
            });
        builder.Services.AddHealthChecks().AddCheck<ServicesHealthCheck>("services", tags: ["ready"]);
        return builder;
    }

    public static IEndpointRouteBuilder MapServiceProxy(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapReverseProxy(proxy =>
        {
            proxy.UseMiddleware<ProxyFailures>();
            proxy.UseMiddleware<ConnectElsewhere>();
            proxy.UseLoadBalancing();
            proxy.UsePassiveHealthChecks();
        });
        return endpoints;
    }
}
