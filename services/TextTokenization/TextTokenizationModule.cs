using MassTransit;

namespace DemoVlp.TextTokenization;

/// <summary>The text-tokenization service as a module: what its own host and the standalone one compose.</summary>
public static class TextTokenizationModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddTextTokenization(this IHostApplicationBuilder builder)
    {
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddTextTokenizationConsumers(this IBusRegistrationConfigurator bus)
    {
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapTextTokenization(this IEndpointRouteBuilder endpoints)
    {
        return endpoints;
    }
}
