using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using DemoVlp.Testing;
using Microsoft.AspNetCore.Http;

namespace DemoVlp.Gateway.Tests;

public sealed class RoutingTests
{
    private static readonly Guid Id = Guid.Parse("0190a0b0-0000-7000-8000-000000000001");

    [Theory]
    [InlineData("GET", "videos?limit=3", "Catalog")]
    [InlineData("POST", "videos", "Catalog")]
    [InlineData("GET", "videos/{id}", "Catalog")]
    [InlineData("DELETE", "videos/{id}", "Catalog")]
    [InlineData("GET", "videos/{id}/events", "Catalog")]
    [InlineData("GET", "videos/{id}/content", "Catalog")]
    [InlineData("GET", "videos/{id}/frames/3", "Catalog")]
    [InlineData("PUT", "videos/{id}/captions", "Catalog")]
    [InlineData("POST", "videos/{id}/retry", "Catalog")]
    [InlineData("GET", "videos/{id}/regions", "Catalog")]
    [InlineData("GET", "videos/{id}/frames/3?overlay=regions", "Catalog")]
    [InlineData("GET", "regions/re-extraction", "Catalog")]
    [InlineData("POST", "regions/re-extraction", "Catalog")]
    [InlineData("POST", "search", "QueryAnswering")]
    [InlineData("POST", "answers", "QueryAnswering")]
    [InlineData("POST", "videos/{id}/answers", "QueryAnswering")]
    [InlineData("POST", "videos/{id}/choices", "QueryAnswering")]
    [InlineData("GET", "training-runs", "Training")]
    [InlineData("POST", "training-runs/estimate", "Training")]
    [InlineData("GET", "training-runs/{id}/losses.svg", "Training")]
    [InlineData("GET", "training-runs/{id}/tensorboard", "Training")]
    [InlineData("POST", "training-runs/{id}/cancel", "Training")]
    [InlineData("POST", "models/m-1/activate", "Training")]
    [InlineData("GET", "datasets", "Training")]
    public async Task Request_WhenOfTheApi_ReachesTheServiceThatOwnsIt(string method, string path, string service)
    {
        string[] names = ["Catalog", "RegionExtraction", "QueryAnswering", "Training"];
        var backends = await Task.WhenAll(names.Select(Backend.NamedAsync));
        await using var gateway = await TestGateway.StartAsync("http://unused", [.. names.Zip(backends, (name, backend) => $"--Services:{name}={backend.Address}")]);

        using var response = await gateway.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path.Replace("{id}", Id.ToString())), TestContext.Current.CancellationToken);

        Assert.Equal(service, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        foreach (var backend in backends) await backend.DisposeAsync();
    }

    [Fact]
    public async Task Request_OfEveryOperationInTheApisDescription_IsForwarded()
    {
        await using var backend = await Backend.NamedAsync("reached");
        await using var gateway = await TestGateway.StartAsync(backend.Address);
        using var description = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(RepositoryRoot.Find(), "gateway", "DemoVlp.Gateway", "openapi", "v1.json"), TestContext.Current.CancellationToken));
        var operations = description.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Method: operation.Name.ToUpperInvariant(), Path: Regex.Replace(path.Name, "{[^}]+}", Id.ToString())))).ToList();

        foreach (var (method, path) in operations)
            (await gateway.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), TestContext.Current.CancellationToken)).Dispose();

        Assert.InRange(operations.Count, 35, 100);
        Assert.Equal(operations.Select(o => $"{o.Method} {o.Path}").Order(StringComparer.Ordinal), backend.Seen.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/api/v1/nothing")]
    [InlineData("/api/v2/videos")]
    [InlineData("/api/v1/videos/1/secret")]
    [InlineData("/internal")]
    [InlineData("/api/v1/models/%2e%2e/%2e%2e/%2e%2e/metrics-of-the-service")]
    public async Task Request_WhenNotOfTheApi_IsAnsweredHereAndNotForwarded(string path)
    {
        await using var backend = await Backend.NamedAsync("reached");
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        using var response = await gateway.Http.GetAsync(path, TestContext.Current.CancellationToken);

        await response.ShouldBeAsync(404, "not-found");
        Assert.Empty(backend.Seen);
    }

    [Fact]
    public async Task Request_WhenMethodDoesNotExist_Is405()
    {
        await using var backend = await Backend.NamedAsync("reached");
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        using var response = await gateway.Http.DeleteAsync("/api/v1/search", TestContext.Current.CancellationToken);

        await response.ShouldBeAsync(405, "method-not-allowed");
        Assert.Empty(backend.Seen);
    }

    [Fact]
    public async Task Metrics_WhenAskedFromOutside_AreTheGatewaysOwn()
    {
        await using var backend = await Backend.NamedAsync("the service's numbers");
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        foreach (var path in new[] { "/metrics", "/health/ready", "/health/live" })
            Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);

        Assert.Empty(backend.Seen);
    }

    [Fact]
    public async Task Headers_WhenForged_DoNotReachTheService()
    {
        HeaderDictionary? seen = null;
        await using var backend = await Backend.StartAsync(context =>
        {
            seen = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
            context.Response.Headers.Server = "secret/1.0";
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address, $"--Gateway:ApiKeyHashes={TestGateway.HashOf("k")}");
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/videos");
        foreach (var (name, value) in new[] { ("X-Api-Key", "k"), ("X-Forwarded-For", "10.9.9.9"), ("X-Forwarded-Host", "evil"), ("X-Forwarded-Prefix", "/evil"), ("Forwarded", "for=10.9.9.9"), ("Cookie", "a=b"), ("TE", "gzip") })
            request.Headers.TryAddWithoutValidation(name, value);

        using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("127.0.0.1", seen!["X-Forwarded-For"]);
        Assert.Equal(gateway.Http.BaseAddress!.Authority, seen["X-Forwarded-Host"]);
        Assert.Equal("http", seen["X-Forwarded-Proto"]);
        Assert.DoesNotContain(seen.Keys, name => name is "X-Api-Key" or "Forwarded" or "Cookie" or "TE" or "X-Forwarded-Prefix");
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Trace_WhenBegunByTheClient_GoesOnToTheServiceAndComesBack()
    {
        const string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        string? seen = null;
        await using var backend = await Backend.StartAsync(context =>
        {
            seen = context.Request.Headers.TraceParent;
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/videos");
        request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");

        using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.StartsWith($"00-{trace}-", seen);
        Assert.DoesNotContain("00f067aa0ba902b7", seen);
        Assert.Equal(trace, response.Headers.GetValues("X-Trace-Id").Single());
    }
}
