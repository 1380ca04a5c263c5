using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DemoVlp.ServiceDefaults;

/// <summary>What every host has: health, telemetry, problem details, structured logs.</summary>
public static class ServiceDefaultsExtensions
{
    private const string Live = "live", Ready = "ready";

    /// <summary>Adds it all under the service's name.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string serviceName)
    {
        // Containers log for machines, a terminal for people.
        if (builder.Configuration.GetSection("DOTNET_RUNNING_IN_CONTAINER").Value == "true")
            builder.Logging.ClearProviders().AddJsonConsole(console => console.IncludeScopes = true);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning)
            // Said again by whoever does not expect it; a lost race for a unique key is expected.
            .AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.None).AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("System.Net.Http", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning)
            // Not ready yet is an answer of /health/ready, not a fault.
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical);

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService($"demovlp-{serviceName}"))
            .WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation(http => http.Filter = context => !IsOperational(context.Request.Path))
                .AddHttpClientInstrumentation().AddSource("MassTransit", Telemetry.Name))
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation()
                .AddMeter("MassTransit", Telemetry.Name).AddPrometheusExporter());
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
            telemetry.UseOtlpExporter();

        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = ApiProblem.Complete);
        builder.Services.AddExceptionHandler<ApiExceptionHandler>();
        // So that a body that cannot be read gets a sentence, whatever the environment.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        return builder;
    }

    /// <summary>Problem details for every error, <c>/health/live</c>, <c>/health/ready</c> and <c>/metrics</c>.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Live), ResponseWriter = HealthReportWriter.WriteAsync });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Ready), ResponseWriter = HealthReportWriter.WriteAsync });
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }

    private static bool IsOperational(Microsoft.AspNetCore.Http.PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/metrics");
}
