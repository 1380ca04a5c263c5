using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;

namespace DemoVlp.Gateway.Tests;

/// <summary>The gateway as it is deployed, on a free port, before backends given by the test.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplication app;

    private TestGateway(WebApplication app)
    {
        this.app = app;
        // No trace of the test's own: what a test sends is what arrives.
        Http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    /// <summary>Starts it; services not named share the address of <paramref name="everything"/>.</summary>
    public static async Task<TestGateway> StartAsync(string everything, params string[] settings)
    {
        var services = new[] { "Catalog", "RegionExtraction", "QueryAnswering", "Training" }.Select(service => $"--Services:{service}={everything}");
        var app = GatewayHost.Build(["--urls=http://127.0.0.1:0", "--Logging:Console:LogLevel:Default=None", .. services, .. settings]);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestGateway(app);
    }

    public static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
    }
}

internal static class ProblemAssertions
{
    /// <summary>The answer is this error, as problem details, with a sentence and a trace id.</summary>
    public static async Task ShouldBeAsync(this HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        Assert.Equal(response.Headers.GetValues("X-Trace-Id").Single(), problem.GetProperty("traceId").GetString());
    }
}
