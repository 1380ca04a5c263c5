using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Redrive;
using DemoVlp.Catalog.Regions;
using DemoVlp.Catalog.Tracking;
using DemoVlp.Catalog.Uploads;
using DemoVlp.Catalog.Videos;
using DemoVlp.Database;
using MassTransit;

namespace DemoVlp.Catalog;

/// <summary>The catalog service as a module: what its own host and the standalone one compose.</summary>
public static class CatalogModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddCatalog(this IHostApplicationBuilder builder)
    {
        builder.AddArtifacts();
        builder.AddDatabase<CatalogDbContext, SqliteCatalogDbContext, PostgresCatalogDbContext>("catalog");
        builder.Services.AddOptions<CatalogOptions>().BindConfiguration("Catalog").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<CatalogMetrics>();
        builder.Services.AddScoped<VideoAnnouncer>();
        builder.Services.AddScoped<VideoUploads>();
        builder.Services.AddScoped<ReExtractions>();
        builder.Services.AddScoped<VideoSweep>();
        builder.Services.AddScoped<OrphanedSources>();
        builder.Services.AddHostedService<SweepService>();
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddCatalogConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<TrackFramesConsumer, TrackFramesDefinition>();
        bus.AddConsumer<TrackProgressConsumer, TrackProgressDefinition>();
        bus.AddConsumer<TrackRegionsConsumer, TrackRegionsDefinition>();
        bus.AddConsumer<TrackDetectorConsumer, TrackDetectorDefinition>();
        bus.AddConsumer<TrackIndexedConsumer, TrackIndexedDefinition>();
        bus.AddConsumer<TrackFailuresConsumer, TrackFailuresDefinition>();
        bus.AddConsumer<TrackFaultsConsumer, TrackFaultsDefinition>();
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapCatalog(this IEndpointRouteBuilder endpoints)
    {
        var videos = endpoints.MapGroup(VideoLinks.Root).WithTags("Videos");
        videos.MapUploads();
        videos.MapVideos();
        videos.MapContent();
        videos.MapVideoEvents();
        videos.MapVideoRegions();
        endpoints.MapReExtraction();
        return endpoints;
    }
}
