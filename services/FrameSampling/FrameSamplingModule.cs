using MassTransit;

namespace DemoVlp.FrameSampling;

/// <summary>The frame-sampling service as a module: what its own host and the standalone one compose.</summary>
public static class FrameSamplingModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddFrameSampling(this IHostApplicationBuilder builder)
    {
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddFrameSamplingConsumers(this IBusRegistrationConfigurator bus)
    {
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapFrameSampling(this IEndpointRouteBuilder endpoints)
    {
        return endpoints;
    }
}
