using DemoVlp.Artifacts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DemoVlp.TextTokenization;

/// <summary>The text-tokenization service as a module: what its own host and the standalone one compose.</summary>
public static class TextTokenizationModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddTextTokenization(this IHostApplicationBuilder builder)
    {
        builder.AddArtifacts();
        builder.Services.TryAddSingleton<Vocabularies>();
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddTextTokenizationConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<TokenizeTextConsumer, TokenizeTextConsumerDefinition>();
        bus.AddConsumer<TokenizeCorpusConsumer, TokenizeCorpusConsumerDefinition>();
    }

    /// <summary>Maps its HTTP API: it has none, the bus is its way in.</summary>
    public static IEndpointRouteBuilder MapTextTokenization(this IEndpointRouteBuilder endpoints) => endpoints;
}
