using System.Net;
using DemoVlp.Gateway.Access;
using DemoVlp.Gateway.Startup;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.Gateway.Tests;

public sealed class KeysTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    [InlineData("")]
    public async Task Request_WithoutTheRightKey_Is401(string? key)
    {
        await using var backend = await Backend.NamedAsync("videos");
        await using var gateway = await TestGateway.StartAsync(backend.Address, $"--Gateway:ApiKeyHashes={TestGateway.HashOf("right")}");

        using var response = await GetAsync(gateway, "/api/v1/videos", ("X-Api-Key", key));

        await response.ShouldBeAsync(401, "unauthorized");
        Assert.Equal("ApiKey", response.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Empty(backend.Seen);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("two")]
    public async Task Request_WithAnyOfTheKeys_IsLetIn(string key)
    {
        await using var backend = await Backend.NamedAsync("videos");
        // As an array, with a name and without, in capitals too.
        await using var gateway = await TestGateway.StartAsync(backend.Address,
            $"--Gateway:ApiKeyHashes:0=phone:{TestGateway.HashOf("one")}", $"--Gateway:ApiKeyHashes:1={TestGateway.HashOf("two").ToUpperInvariant()}");

        using var response = await GetAsync(gateway, "/api/v1/videos", ("X-Api-Key", key));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/docs/")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/assets/app.js")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Pages_WhenKeysAreConfigured_NeedNone(string path)
    {
        await using var gateway = await TestGateway.StartAsync("http://127.0.0.1:9", $"--Gateway:ApiKeyHashes={TestGateway.HashOf("right")}");

        using var response = await GetAsync(gateway, path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Metrics_WhenThroughAProxy_NeedAKey()
    {
        await using var gateway = await TestGateway.StartAsync("http://127.0.0.1:9", $"--Gateway:ApiKeyHashes={TestGateway.HashOf("right")}");

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(gateway, "/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(gateway, "/metrics", ("X-Forwarded-For", "192.0.2.1"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(gateway, "/metrics", ("X-Forwarded-For", "192.0.2.1"), ("X-Api-Key", "right"))).StatusCode);
    }

    [Theory]
    [InlineData("Host", "evil.example", "bad-host")]
    [InlineData("Host", "127.0.0.1.evil.example", "bad-host")]
    [InlineData("X-Forwarded-For", "192.0.2.1", "loopback-only")]
    [InlineData("X-Real-IP", "192.0.2.1", "loopback-only")]
    [InlineData("Via", "1.1 proxy", "loopback-only")]
    [InlineData("Origin", "https://evil.example", "cross-origin")]
    [InlineData("Origin", "null", "cross-origin")]
    [InlineData("Sec-Fetch-Site", "cross-site", "cross-origin")]
    public async Task Request_WhenNoKeyIsConfiguredAndItComesFromElsewhere_Is403(string header, string value, string code)
    {
        await using var backend = await Backend.NamedAsync("videos");
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        using var response = await GetAsync(gateway, "/api/v1/videos", (header, value));

        await response.ShouldBeAsync(403, code);
        Assert.Empty(backend.Seen);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task Request_WhenNoKeyIsConfiguredAndItComesFromHere_IsLetIn(string host)
    {
        await using var backend = await Backend.NamedAsync("videos");
        await using var gateway = await TestGateway.StartAsync(backend.Address);
        var authority = $"{host}:{gateway.Http.BaseAddress!.Port}";

        using var response = await GetAsync(gateway, "/api/v1/videos", ("Host", authority), ("Origin", $"http://{authority}"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("192.0.2.1", 403)]
    [InlineData("::ffff:192.0.2.1", 403)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("::ffff:127.0.0.1", 200)]
    [InlineData("::1", 200)]
    public async Task Connection_WhenNoKeyIsConfigured_MustBeOfThisMachine(string address, int status)
    {
        var configuration = new ConfigurationBuilder().Build();
        var access = new AccessControl(_ => Task.CompletedTask, ApiKeys.Read(configuration), AllowedOrigins.Read(configuration));
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        context.Request.Path = "/api/v1/videos";
        context.Request.Host = new HostString("localhost");
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);

        await access.InvokeAsync(context);

        Assert.Equal(status, context.Response.StatusCode);
    }

    [Theory]
    [InlineData("--urls=http://0.0.0.0:0")]
    [InlineData("--urls=http://127.0.0.1:0;http://+:0")]
    [InlineData("--http_ports=8080")]
    [InlineData("--Kestrel:Endpoints:a:Url=http://[::]:8080")]
    public void Start_WhenOpenToOthersWithoutAKey_IsRefusedPlainly(string listen)
    {
        var refusal = Assert.Throws<StartupRefusedException>(() => GatewayHost.Build([listen, .. Services]));

        Assert.Contains("without an API key", refusal.Message);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("ann:nothex000000000000000000000000000000000000000000000000000000000000")]
    public void Start_WhenAHashIsNone_IsRefusedPlainly(string hash)
    {
        var refusal = Assert.Throws<StartupRefusedException>(() => GatewayHost.Build(["--urls=http://0.0.0.0:0", $"--Gateway:ApiKeyHashes={hash}", .. Services]));

        Assert.Contains("SHA-256", refusal.Message);
        Assert.DoesNotContain(hash, refusal.Message);
    }

    [Fact]
    public void Start_WhenAServiceHasNoAddress_NamesTheSetting()
    {
        var refusal = Assert.Throws<StartupRefusedException>(() => GatewayHost.Build(["--urls=http://127.0.0.1:0", "--Services:Catalog=http://a"]));

        Assert.Contains("Services__QueryAnswering", refusal.Message);
    }

    [Fact]
    public async Task Cors_WhenAnOriginIsAllowed_LetsItsPagesIn()
    {
        await using var backend = await Backend.NamedAsync("videos");
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:CorsOrigins=https://app.example");
        var preflight = new HttpRequestMessage(HttpMethod.Options, "/api/v1/videos");
        preflight.Headers.Add("Origin", "https://app.example");
        preflight.Headers.Add("Access-Control-Request-Method", "DELETE");

        using var allowed = await gateway.Http.SendAsync(preflight, TestContext.Current.CancellationToken);
        using var call = await GetAsync(gateway, "/api/v1/videos", ("Origin", "https://app.example"));

        Assert.Equal("https://app.example", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal((HttpStatusCode.OK, "https://app.example"), (call.StatusCode, call.Headers.GetValues("Access-Control-Allow-Origin").Single()));
    }

    private static string[] Services => ["--Services:Catalog=http://a", "--Services:RegionExtraction=http://b", "--Services:QueryAnswering=http://c", "--Services:Training=http://d"];

    private static Task<HttpResponseMessage> GetAsync(TestGateway gateway, string path, params (string Name, string? Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
            if (value is not null) request.Headers.TryAddWithoutValidation(name, value);
        return gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
