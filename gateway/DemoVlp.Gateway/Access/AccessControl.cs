using System.Diagnostics;
using System.Net;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DemoVlp.Gateway.Access;

/// <summary>Lets a request in by its key or, where no key is configured, because it comes from this machine.</summary>
internal sealed class AccessControl(RequestDelegate next, ApiKeys keys, AllowedOrigins origins)
{
    public const string KeyHeader = "X-Api-Key";

    /// <summary>What proxies add. One that adds nothing still speaks HTTP/1.0, as nginx does unless told otherwise.</summary>
    private static readonly string[] ProxyHeaders = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"];

    private static readonly string[] OpenFolders = ["/health", "/docs", "/openapi", "/assets"];

    public async Task InvokeAsync(HttpContext context)
    {
        if (IsOpen(context.Request.Path))
        {
            await next(context);
            return;
        }
        var (client, refusal) = keys.Any ? ByKey(context) : ByAddress(context);
        if (refusal is not null)
        {
            if (refusal.StatusCode == 401) context.Response.Headers.WWWAuthenticate = "ApiKey";
            await refusal.ExecuteAsync(context);
            return;
        }
        context.Features.Set(new Client(client));
        Activity.Current?.SetTag("demovlp.client", client);
        await next(context);
    }

    private static bool IsOpen(PathString path) => path == "/" || OpenFolders.Any(folder => path.StartsWithSegments(folder, StringComparison.OrdinalIgnoreCase));

    private (string Client, ProblemHttpResult? Refusal) ByKey(HttpContext context)
    {
        if (context.Request.Headers[KeyHeader] is [{ Length: > 0 } key])
            return keys.Find(key) is { } name ? (name, null) : ("", ApiProblem.Create(401, "unauthorized", "This API key is not known here."));
        // A scraper on the same machine needs no key for numbers.
        return context.Request.Path == "/metrics" && RefuseUnlessLocal(context.Request) is null
            ? ("local", null)
            : ("", ApiProblem.Create(401, "unauthorized", $"An API key is needed in the header {KeyHeader}."));
    }

    private (string Client, ProblemHttpResult? Refusal) ByAddress(HttpContext context) => ("local", RefuseUnlessLocal(context.Request) ?? RefuseForeignPages(context.Request));

    /// <summary>A client without a key must be on this machine, and not reach it under a foreign name (DNS rebinding) or through a proxy.</summary>
    private static ProblemHttpResult? RefuseUnlessLocal(HttpRequest request)
    {
        // No address: a socket of this machine or a server in memory.
        var address = request.HttpContext.Connection.RemoteIpAddress;
        var forwarded = ProxyHeaders.Any(request.Headers.ContainsKey) || HttpProtocol.IsHttp10(request.Protocol);
        if ((address is not null && !IPAddress.IsLoopback(address)) || forwarded)
            return ApiProblem.Create(403, "loopback-only", "No API key is configured here, so only programs on the same machine may use the API.");
        return request.Host.Host is "localhost" or "127.0.0.1" or "[::1]" ? null
            : ApiProblem.Create(403, "bad-host", "No API key is configured here, so the API answers under localhost, 127.0.0.1 and [::1] only.");
    }

    /// <summary>Without a key any web page that the user visits could send its forms here; browsers say where a request comes from.</summary>
    private ProblemHttpResult? RefuseForeignPages(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        var foreign = origin.Length > 0
            ? !origins.Contains(origin) && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)
            : request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site";
        return foreign ? ApiProblem.Create(403, "cross-origin", "Requests from web pages of other origins are not let in; see Gateway:CorsOrigins.") : null;
    }
}

/// <summary>Who asks: the name of a key, or <c>local</c>.</summary>
internal sealed record Client(string Name);
