using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;
using Scalar.AspNetCore;

namespace DemoVlp.Gateway.Pages;

/// <summary>The web page, the API's description and its reference page: files inside this assembly, nothing from elsewhere.</summary>
internal static class WebPages
{
    private const string OwnFilesOnly = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    // The reference page configures itself with a script and styles of its own inside the page.
    private const string ReferencePage = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

    public static void MapWebPages(this IEndpointRouteBuilder endpoints)
    {
        Serve(endpoints, "/", "pages/index.html", "text/html; charset=utf-8");
        foreach (var script in new[] { "app.js", "api.js", "views.js" })
            Serve(endpoints, $"/assets/{script}", $"pages/{script}", "text/javascript; charset=utf-8");
        Serve(endpoints, "/assets/app.css", "pages/app.css", "text/css; charset=utf-8");
        Serve(endpoints, "/assets/icon.svg", "pages/icon.svg", "image/svg+xml");
    }

    public static void MapApiReference(this IEndpointRouteBuilder endpoints)
    {
        Serve(endpoints, "/openapi/v1.json", "openapi/v1.json", "application/json; charset=utf-8");
        var reference = endpoints.MapGroup("").ExcludeFromDescription();
        reference.MapScalarApiReference("/docs", (options, context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ReferencePage;
            options.WithTitle("DemoVLP API").WithOpenApiRoutePattern("/openapi/v1.json").WithFavicon("/assets/icon.svg")
                .DisableDefaultFonts().DisableAgent().DisableMcp().DisableTelemetry().HideDeveloperTools().HideClientButton();
        });
    }

    private static void Serve(IEndpointRouteBuilder endpoints, string path, string resource, string contentType)
    {
        var bytes = Read(resource);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"");
        endpoints.MapMethods(path, ["GET", "HEAD"], (HttpContext context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = OwnFilesOnly;
            context.Response.Headers.CacheControl = "no-cache";
            return TypedResults.Bytes(bytes, contentType, entityTag: tag);
        }).ExcludeFromDescription();
    }

    private static byte[] Read(string resource)
    {
        using var stream = typeof(WebPages).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The file '{resource}' is not in the assembly.");
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
