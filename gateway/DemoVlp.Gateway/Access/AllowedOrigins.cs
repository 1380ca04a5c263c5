using Microsoft.AspNetCore.Cors.Infrastructure;

namespace DemoVlp.Gateway.Access;

/// <summary>Web pages of other origins whose scripts may call the API (<c>Gateway:CorsOrigins</c>); none by default.</summary>
internal sealed class AllowedOrigins
{
    private readonly string[] origins;

    private AllowedOrigins(string[] origins) => this.origins = origins;

    public bool IsEmpty => origins.Length == 0;

    public static AllowedOrigins Read(IConfiguration configuration) =>
        new([.. GatewayOptions.ReadList(configuration, "Gateway:CorsOrigins").Select(origin => origin.TrimEnd('/'))]);

    public bool Contains(string origin) => origins.Contains(origin, StringComparer.OrdinalIgnoreCase);

    public void Configure(CorsPolicyBuilder policy) => policy.WithOrigins(origins)
        .WithMethods("GET", "POST", "PUT", "DELETE")
        .WithHeaders(AccessControl.KeyHeader, "Content-Type", "Last-Event-ID", "Range", "traceparent")
        .WithExposedHeaders("Location", "Retry-After", "WWW-Authenticate", ResponseHeaders.TraceId, "Content-Range")
        .SetPreflightMaxAge(TimeSpan.FromHours(1));
}
