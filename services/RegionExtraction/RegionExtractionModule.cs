using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.RegionExtraction.Extraction;
using MassTransit;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DemoVlp.RegionExtraction;

/// <summary>The region-extraction service as a module: what its own host and the standalone one compose.</summary>
public static class RegionExtractionModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddRegionExtraction(this IHostApplicationBuilder builder)
    {
        builder.AddArtifacts();
        builder.Services.AddOptions<RegionExtractionOptions>().BindConfiguration("Regions").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.TryAddSingleton(services => ComputeSettings.Apply(key => services.GetRequiredService<IConfiguration>()[key]));
        builder.Services.TryAddSingleton<IDetectorLoader, TorchDetectorLoader>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<RegionStore>().AddSingleton<FrameBatches>().AddSingleton<SharedBatches>().AddSingleton<VideoExtraction>().AddSingleton<DetectorWorker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<DetectorWorker>()).AddHostedService<DetectorAnnouncer>();
        builder.Services.AddHealthChecks().AddCheck<DetectorWorker>("detector", tags: ["ready"]);
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddRegionExtractionConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ExtractRegionsConsumer, ExtractRegionsConsumerDefinition>();
        bus.AddConsumer<DeleteRegionsConsumer, DeleteRegionsConsumerDefinition>();
    }

    /// <summary>Maps its HTTP API: it has none, the regions are served by Catalog.</summary>
    public static IEndpointRouteBuilder MapRegionExtraction(this IEndpointRouteBuilder endpoints) => endpoints;
}
