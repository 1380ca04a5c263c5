using System.Net;
using System.Net.Sockets;
using DemoVlp.Gateway.Startup;
using Microsoft.Extensions.Configuration.Memory;

namespace DemoVlp.Standalone;

/// <summary>
/// The defaults of the standalone system, in one place. They rank below every other source, so each can be overridden by its own name.
/// </summary>
/// <remarks>
/// <c>DEMOVLP_DATA</c>: the data folder (<c>$XDG_DATA_HOME/demovlp</c>, in most cases <c>~/.local/share/demovlp</c>); <c>DEMOVLP_PORT</c> (8080);
/// <c>DEMOVLP_BIND</c>: the address to listen on (127.0.0.1; any other needs an API key).
/// </remarks>
internal static class StandaloneConfiguration
{
    /// <summary>What <c>--help</c> prints.</summary>
    public const string Usage = """
        Starts DemoVLP in one process. Settings are environment variables:
          DEMOVLP_DATA   folder for everything it keeps (~/.local/share/demovlp)
          DEMOVLP_PORT   port to listen on (8080)
          DEMOVLP_BIND   address to listen on (127.0.0.1; any other needs Gateway__ApiKeyHashes)
        """;

    public static WebApplicationBuilder AddStandaloneConfiguration(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var data = Path.GetFullPath(configuration["DEMOVLP_DATA"] is { Length: > 0 } named ? named : Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "demovlp"));
        var defaults = new Dictionary<string, string?>
        {
            ["urls"] = $"http://{Host(configuration["DEMOVLP_BIND"])}:{Port(configuration["DEMOVLP_PORT"])}",
            ["Bus:Transport"] = "in-memory",
            ["Database:Provider"] = "sqlite",
            ["Database:Folder"] = Path.Combine(data, "database"),
            ["Artifacts:Root"] = Path.Combine(data, "artifacts"),
            // One limit for both sides of the same process.
            ["Gateway:MaxUploadBytes"] = configuration["Catalog:MaxUploadBytes"],
            ["Catalog:MaxUploadBytes"] = configuration["Gateway:MaxUploadBytes"],
            ["Logging:LogLevel:MassTransit"] = "Warning",
            ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
        };
        // A null would count as an empty setting.
        foreach (var unset in defaults.Where(entry => entry.Value is null).ToArray()) defaults.Remove(unset.Key);
        ((IConfigurationBuilder)configuration).Sources.Insert(0, new MemoryConfigurationSource { InitialData = defaults });
        builder.Services.AddSingleton(_ => DataFolder.Take(data));
        return builder;
    }

    /// <summary>Takes the data folder, and tells the person at the terminal where to go once everything is up.</summary>
    public static WebApplication UseStandaloneConfiguration(this WebApplication app)
    {
        var data = app.Services.GetRequiredService<DataFolder>();
        RequireFreePort(app.Configuration);
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            Console.WriteLine($"DemoVLP is ready at {string.Join(" and ", app.Urls)}  (API reference: /docs)");
            Console.WriteLine($"Data: {data.Path}   Stop: Ctrl+C");
        });
        return app;
    }

    private static string Host(string? address) => address switch
    {
        null or "" => "127.0.0.1",
        "localhost" => "localhost",
        var text when IPAddress.TryParse(text, out var ip) => ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip}]" : ip.ToString(),
        var other => throw new StartupRefusedException($"Not started: DEMOVLP_BIND is '{other}'; it must be an IP address, such as 0.0.0.0 for all."),
    };

    private static int Port(string? number) => number switch
    {
        null or "" => 8080,
        var text when ushort.TryParse(text, out var port) => port,
        var other => throw new StartupRefusedException($"Not started: DEMOVLP_PORT is '{other}'; it must be a port number, or 0 for any free one."),
    };

    /// <summary>The server's own message about a taken port comes late and with a stack trace.</summary>
    private static void RequireFreePort(IConfiguration configuration)
    {
        foreach (var url in (configuration["urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var binding = BindingAddress.Parse(url);
            if (binding.IsUnixPipe || binding.Port == 0) continue;
            try
            {
                using var probe = new TcpListener(IPAddress.TryParse(binding.Host, out var ip) ? ip : IPAddress.Loopback, binding.Port);
                probe.Start();
            }
            catch (SocketException taken)
            {
                throw new StartupRefusedException($"Not started: {url} cannot be listened on ({taken.Message}). Choose another port with DEMOVLP_PORT.");
            }
        }
    }
}
