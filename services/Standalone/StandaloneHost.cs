using DemoVlp.Catalog;
using DemoVlp.FrameSampling;
using DemoVlp.Gateway;
using DemoVlp.Gateway.Startup;
using DemoVlp.Messaging;
using DemoVlp.Modeling;
using DemoVlp.QueryAnswering;
using DemoVlp.RegionExtraction;
using DemoVlp.ServiceDefaults;
using DemoVlp.TextTokenization;
using DemoVlp.Training;

namespace DemoVlp.Standalone;

/// <summary>Every service and the gateway's front in one process: in-memory bus, SQLite, a local folder.</summary>
public static class StandaloneHost
{
    /// <summary>Composes it; see <see cref="StandaloneConfiguration"/> for the settings.</summary>
    /// <exception cref="StartupRefusedException">Another instance works with the same data, or the port is taken, or the configuration will not do.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddStandaloneConfiguration();
        builder.AddServiceDefaults("standalone");
        builder.AddGatewayFront();
        builder.AddApiDescription();
        builder.AddCatalog().AddFrameSampling().AddRegionExtraction().AddTextTokenization().AddTraining().AddQueryAnswering();
        builder.AddMessaging(
            CatalogModule.AddCatalogConsumers, FrameSamplingModule.AddFrameSamplingConsumers, RegionExtractionModule.AddRegionExtractionConsumers,
            TextTokenizationModule.AddTextTokenizationConsumers, TrainingModule.AddTrainingConsumers, QueryAnsweringModule.AddQueryAnsweringConsumers);

        var app = builder.Build();
        RequireComputeSettings(app.Services);
        app.UseServiceDefaults();
        app.UseGatewayFront();
        app.MapGatewayFront();
        app.MapCatalog().MapFrameSampling().MapRegionExtraction().MapTextTokenization().MapTraining().MapQueryAnswering();
        app.UseStandaloneConfiguration();
        return app;
    }

    // Left to the first service that asks for them, a bad one would be an unhandled exception in the midst of the start.
    private static void RequireComputeSettings(IServiceProvider services)
    {
        try
        {
            services.GetRequiredService<ComputeSettings>();
        }
        catch (Exception refusal) when (refusal is ComputeSettingException or ComputeDeviceException)
        {
            throw new StartupRefusedException($"Not started: {refusal.Message}");
        }
    }
}
