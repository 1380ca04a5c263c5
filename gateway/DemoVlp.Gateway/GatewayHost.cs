using DemoVlp.Gateway.Proxy;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.Gateway;

/// <summary>The gateway as a process of its own: the front, and behind it the services.</summary>
public static class GatewayHost
{
    /// <summary>Composes it.</summary>
    /// <exception cref="Startup.StartupRefusedException">The configuration would not do, or would be open to anybody.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults("gateway");
        builder.AddGatewayFront();
        builder.AddServiceProxy();

        var app = builder.Build();
        app.UseServiceDefaults();
        app.UseGatewayFront();
        app.MapGatewayFront();
        app.MapServiceProxy();
        return app;
    }
}
