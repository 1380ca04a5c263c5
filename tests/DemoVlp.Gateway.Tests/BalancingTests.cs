using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using DemoVlp.Gateway.Proxy;
using Yarp.ReverseProxy.Configuration;

namespace DemoVlp.Gateway.Tests;

public sealed class BalancingTests
{
    [Fact]
    public async Task Queries_WhenThereAreReplicas_AreSharedAndSurviveTheDeathOfOne()
    {
        await using var first = await Backend.NamedAsync("first");
        var second = await Backend.NamedAsync("second");
        await using var gateway = await TestGateway.StartAsync("http://127.0.0.1:9", $"--Services:QueryAnswering={first.Address},{second.Address}", "--Gateway:QueryBurst=1000");

        var answers = new List<string>();
        for (var i = 0; i < 40; i++) answers.Add(await AskAsync(gateway));
        Assert.Equal(["first", "second"], answers.Distinct().Order());

        await second.DisposeAsync();
        for (var i = 0; i < 40; i++) Assert.Equal("first", await AskAsync(gateway));
    }

    [Fact]
    public async Task Query_WhenAReplicaBreaksOffInTheMiddle_IsNotSentTwiceAndTheReplicaIsLeftAlone()
    {
        await using var bad = await Backend.StartAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await using var good = await Backend.NamedAsync("good");
        await using var gateway = await TestGateway.StartAsync("http://127.0.0.1:9", $"--Services:QueryAnswering={bad.Address},{good.Address}", "--Gateway:QueryBurst=1000");

        var failures = 0;
        for (var i = 0; i < 40; i++)
        {
            using var response = await PostAsync(gateway);
            if (response.StatusCode == HttpStatusCode.BadGateway) failures++;
        }

        Assert.Equal(failures, bad.Seen.Count);
        Assert.Equal(40, bad.Seen.Count + good.Seen.Count);
        Assert.InRange(failures, 0, 3);
    }

    [Fact]
    public async Task Name_WhenItHasSeveralAddresses_IsADestinationForEach()
    {
        var resolver = new NameResolver(TimeSpan.FromMinutes(1), (host, _) => Task.FromResult<IPAddress[]>(host == "query" ? [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2")] : []));

        var found = await resolver.ResolveDestinationsAsync(Destinations("http://query:8080", "http://10.1.1.1:8080"), TestContext.Current.CancellationToken);

        Assert.Equal(["http://10.0.0.1:8080/", "http://10.0.0.2:8080/", "http://10.1.1.1:8080"], found.Destinations.Values.Select(d => d.Address).Order());
        Assert.Equal(2, found.Destinations.Values.Count(d => d.Host == "query:8080"));
        Assert.NotNull(found.ChangeToken);
    }

    [Fact]
    public async Task Name_WhenNotKnownYet_StaysADestinationAndIsAskedForAgain()
    {
        var resolver = new NameResolver(TimeSpan.FromMilliseconds(20), (_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)));

        var found = await resolver.ResolveDestinationsAsync(Destinations("http://query:8080"), TestContext.Current.CancellationToken);

        Assert.Equal("http://query:8080", found.Destinations.Values.Single().Address);
        var again = new TaskCompletionSource();
        found.ChangeToken!.RegisterChangeCallback(_ => again.SetResult(), null);
        await again.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    private static Dictionary<string, DestinationConfig> Destinations(params string[] addresses) => addresses.ToDictionary(a => a, a => new DestinationConfig { Address = a });

    private static Task<HttpResponseMessage> PostAsync(TestGateway gateway) => gateway.Http.PostAsJsonAsync("/api/v1/search", new { query = "x" }, TestContext.Current.CancellationToken);

    private static async Task<string> AskAsync(TestGateway gateway)
    {
        using var response = await PostAsync(gateway);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
