using DemoVlp.Artifacts;
using MassTransit;

namespace DemoVlp.FrameSampling;

/// <summary>The frame-sampling service as a module: what its own host and the standalone one compose.</summary>
public static class FrameSamplingModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddFrameSampling(this IHostApplicationBuilder builder)
    {
        builder.AddArtifacts();
        builder.Services.AddOptions<FrameSamplingOptions>().BindConfiguration("Frames").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<FrameSampler>().AddHostedService<StaleFolders>();
        builder.Services.AddHealthChecks().AddCheck<MediaToolsHealthCheck>("media-tools", tags: ["ready"]);
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddFrameSamplingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<SampleFramesConsumer, SampleFramesConsumerDefinition>();
        bus.AddConsumer<DeleteFramesConsumer, DeleteFramesConsumerDefinition>();
    }

    /// <summary>Maps its HTTP API: it has none, the frames are served by Catalog.</summary>
    public static IEndpointRouteBuilder MapFrameSampling(this IEndpointRouteBuilder endpoints) => endpoints;
}
