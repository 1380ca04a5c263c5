using MassTransit;

namespace DemoVlp.QueryAnswering;

/// <summary>The query-answering service as a module: what its own host and the standalone one compose.</summary>
public static class QueryAnsweringModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddQueryAnswering(this IHostApplicationBuilder builder)
    {
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddQueryAnsweringConsumers(this IBusRegistrationConfigurator bus)
    {
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapQueryAnswering(this IEndpointRouteBuilder endpoints)
    {
        return endpoints;
    }
}
