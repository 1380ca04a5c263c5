using DemoVlp.Gateway.Access;
using DemoVlp.Gateway.Limits;
using DemoVlp.Gateway.Pages;
using DemoVlp.Gateway.Startup;

namespace DemoVlp.Gateway;

/// <summary>Everything between a client and the API but the forwarding: keys, limits, headers, the description and the pages. Used by the gateway's own host and by the standalone one.</summary>
public static class GatewayFront
{
    /// <summary>Adds what the front works with.</summary>
    /// <exception cref="StartupRefusedException">A key's hash is none.</exception>
    public static WebApplicationBuilder AddGatewayFront(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.AddOptions<GatewayOptions>().BindConfiguration("Gateway").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton(services => ApiKeys.Read(services.GetRequiredService<IConfiguration>()));
        builder.Services.AddSingleton(services => AllowedOrigins.Read(services.GetRequiredService<IConfiguration>()));
        builder.Services.AddCors();
        builder.Services.AddRateLimiter(_ => { });
        builder.Services.ConfigureOptions<RateLimits>();
        return builder;
    }

    /// <summary>Puts the front before the endpoints. Call after <c>UseServiceDefaults</c>.</summary>
    /// <exception cref="StartupRefusedException">There is no key, and the host would listen to more than this machine.</exception>
    public static WebApplication UseGatewayFront(this WebApplication app)
    {
        ListenCheck.Require(app.Configuration, app.Services.GetRequiredService<ApiKeys>(), app.Logger);
        app.UseMiddleware<ResponseHeaders>();
        if (app.Services.GetRequiredService<AllowedOrigins>() is { IsEmpty: false } origins) app.UseCors(origins.Configure);
        app.UseMiddleware<AccessControl>();
        app.UseRateLimiter();
        app.UseMiddleware<RequestLimits>();
        return app;
    }

    /// <summary>Maps the web page, the API's description and its reference page.</summary>
    public static IEndpointRouteBuilder MapGatewayFront(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapWebPages();
        endpoints.MapApiReference();
        return endpoints;
    }
}
