using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using DemoVlp.Testing;

namespace DemoVlp.Gateway.Tests;

public sealed class LimitsTests
{
    private static async Task ReadAllAsync(HttpContext context) => await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);

    [Theory]
    [InlineData("/api/v1/videos", 3_500_000, false)]
    [InlineData("/api/v1/videos", 3_500_000, true)]
    [InlineData("/api/v1/models", 3_500_000, false)]
    [InlineData("/api/v1/models", 3_500_000, true)]
    [InlineData("/api/v1/search", 1_100_000, false)]
    [InlineData("/api/v1/search", 1_100_000, true)]
    public async Task Body_WhenLongerThanAllowed_Is413(string path, int bytes, bool chunked)
    {
        await using var backend = await Backend.StartAsync(ReadAllAsync);
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:MaxUploadBytes=2000000");
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[bytes]) };
        request.Headers.TransferEncodingChunked = chunked;

        using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        await response.ShouldBeAsync(413, "too-large");
    }

    [Fact]
    public async Task Upload_WhenAsLongAsAllowed_Passes()
    {
        await using var backend = await Backend.StartAsync(ReadAllAsync);
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:MaxUploadBytes=2000000");
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[2_000_000]), "file", "clip.mp4" } };

        using var response = await gateway.Http.PostAsync("/api/v1/videos", form, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Queries_WhenMoreThanTheBurst_Are429WithATimeToWait()
    {
        await using var backend = await Backend.NamedAsync("found");
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:QueryBurst=3", "--Gateway:QueriesPerSecond=1");

        var statuses = new List<HttpStatusCode>();
        HttpResponseMessage last;
        do
        {
            last = await gateway.Http.PostAsJsonAsync("/api/v1/search", new { query = "x" }, TestContext.Current.CancellationToken);
            statuses.Add(last.StatusCode);
        }
        while (last.IsSuccessStatusCode && statuses.Count < 50);

        await last.ShouldBeAsync(429, "too-many-requests");
        Assert.True(last.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        Assert.True(statuses.Count > 3, "The burst was not let through.");
        // Other calls have their own measure.
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync("/api/v1/videos", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Queries_WhenOfAnotherKey_AreCountedApart()
    {
        await using var backend = await Backend.NamedAsync("found");
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:QueryBurst=1", "--Gateway:QueriesPerSecond=1",
            $"--Gateway:ApiKeyHashes=ann:{TestGateway.HashOf("a")},bob:{TestGateway.HashOf("b")}");

        Assert.Equal(HttpStatusCode.OK, await AskAsync("a"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync("a"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync("b"));

        async Task<HttpStatusCode> AskAsync(string key)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/answers") { Content = JsonContent.Create(new { question = "x" }) };
            request.Headers.Add("X-Api-Key", key);
            return (await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode;
        }
    }

    [Fact]
    public async Task Uploads_WhenTooManyAtOnce_Are429UntilOneEnds()
    {
        var release = new TaskCompletionSource();
        await using var backend = await Backend.StartAsync(_ => release.Task);
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:ConcurrentUploads=2");
        var running = new[] { PostAsync(), PostAsync() };
        await Eventually.TrueAsync("both uploads have arrived", () => backend.Seen.Count == 2, TestContext.Current.CancellationToken);

        await (await PostAsync()).ShouldBeAsync(429, "too-many-requests");
        release.SetResult();
        await Task.WhenAll(running);

        Assert.Equal(HttpStatusCode.OK, (await PostAsync()).StatusCode);

        Task<HttpResponseMessage> PostAsync() => gateway.Http.PostAsync("/api/v1/videos", new ByteArrayContent([1]), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Query_WhenTheServiceDoesNotAnswer_Is504()
    {
        await using var backend = await Backend.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:RequestTimeout=00:00:00.3");

        using var response = await gateway.Http.PostAsJsonAsync("/api/v1/search", new { query = "x" }, TestContext.Current.CancellationToken);

        await response.ShouldBeAsync(504, "timeout");
    }

    [Fact]
    public async Task Events_WhenLongerThanTheTimeLimit_GoOn()
    {
        await using var backend = await Backend.StartAsync(async context =>
        {
            await context.Response.WriteAsync("data: one\n\n");
            await context.Response.Body.FlushAsync();
            // Longer than the limit for short calls below.
            await Task.Delay(600, context.RequestAborted);
            await context.Response.WriteAsync("data: two\n\n");
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address, "--Gateway:RequestTimeout=00:00:00.2");

        Assert.EndsWith("data: two\n\n", await gateway.Http.GetStringAsync($"/api/v1/videos/{Guid.NewGuid()}/events", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Request_WhenTheServiceIsNotThere_Is502AndSaysWhen()
    {
        var backend = await Backend.NamedAsync("gone");
        var address = backend.Address;
        await backend.DisposeAsync();
        await using var gateway = await TestGateway.StartAsync(address);

        using var response = await gateway.Http.GetAsync("/api/v1/videos", TestContext.Current.CancellationToken);

        await response.ShouldBeAsync(502, "bad-gateway");
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task Request_WhenTheServiceBreaksOff_Is502()
    {
        await using var backend = await Backend.StartAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        using var response = await gateway.Http.PostAsJsonAsync("/api/v1/search", new { query = "x" }, TestContext.Current.CancellationToken);

        await response.ShouldBeAsync(502, "bad-gateway");
        Assert.Single(backend.Seen);
    }
}
