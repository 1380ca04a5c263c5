using MassTransit;

namespace DemoVlp.RegionExtraction;

/// <summary>The region-extraction service as a module: what its own host and the standalone one compose.</summary>
public static class RegionExtractionModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddRegionExtraction(this IHostApplicationBuilder builder)
    {
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddRegionExtractionConsumers(this IBusRegistrationConfigurator bus)
    {
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapRegionExtraction(this IEndpointRouteBuilder endpoints)
    {
        return endpoints;
    }
}
