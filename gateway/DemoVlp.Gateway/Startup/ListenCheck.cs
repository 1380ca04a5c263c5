using System.Net;
using DemoVlp.Gateway.Access;

namespace DemoVlp.Gateway.Startup;

/// <summary>Without a key a host must listen to its own machine only.</summary>
internal static class ListenCheck
{
    public static void Require(IConfiguration configuration, ApiKeys keys, ILogger logger)
    {
        if (keys.Any) return;
        if (Addresses(configuration).FirstOrDefault(address => !IsLoopback(address)) is { } open)
            throw new StartupRefusedException(
                $"Not started: it would listen on {open} without an API key. Set Gateway__ApiKeyHashes to the SHA-256 of a key "
                + "(printf %s \"$KEY\" | sha256sum), or listen on 127.0.0.1 alone.");
        logger.LogWarning("No API key is configured: only programs on this machine may use the API. Set Gateway__ApiKeyHashes to open it to others.");
    }

    private static IEnumerable<string> Addresses(IConfiguration configuration)
    {
        // The order in which the server itself reads them: endpoints, then addresses, then ports of all interfaces.
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>().ToArray();
        if (endpoints.Length > 0) return endpoints;
        if (Split(configuration["urls"]) is { Length: > 0 } urls) return urls;
        return Split(configuration["http_ports"]).Select(port => $"http://*:{port}").Concat(Split(configuration["https_ports"]).Select(port => $"https://*:{port}"));
    }

    private static string[] Split(string? list) => (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsLoopback(string address)
    {
        var binding = BindingAddress.Parse(address);
        return binding.IsUnixPipe || binding.Host == "localhost" || (IPAddress.TryParse(binding.Host, out var ip) && IPAddress.IsLoopback(ip));
    }
}
