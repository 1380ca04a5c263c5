using MassTransit;

namespace DemoVlp.Catalog;

/// <summary>The catalog service as a module: what its own host and the standalone one compose.</summary>
public static class CatalogModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddCatalog(this IHostApplicationBuilder builder)
    {
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddCatalogConsumers(this IBusRegistrationConfigurator bus)
    {
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapCatalog(this IEndpointRouteBuilder endpoints)
    {
        return endpoints;
    }
}
