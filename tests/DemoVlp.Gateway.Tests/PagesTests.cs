using System.Text.RegularExpressions;

namespace DemoVlp.Gateway.Tests;

public sealed partial class PagesTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/docs/")]
    public async Task Page_WhenOpened_TakesNothingFromElsewhere(string path)
    {
        await using var gateway = await TestGateway.StartAsync("http://127.0.0.1:9");

        using var response = await gateway.Http.GetAsync(path, TestContext.Current.CancellationToken);
        var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Matches("default-src '(none|self)'", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.DoesNotContain("http", string.Concat(Links().Matches(page).Select(link => link.Groups[1].Value)), StringComparison.Ordinal);
        foreach (var link in Links().Matches(page).Select(link => new Uri(new Uri(gateway.Http.BaseAddress!, path), link.Groups[1].Value)))
            Assert.True((await gateway.Http.GetAsync(link, TestContext.Current.CancellationToken)).IsSuccessStatusCode, $"{link} is missing.");
    }

    [Fact]
    public async Task Page_WhenUnchanged_IsNotSentAgain()
    {
        await using var gateway = await TestGateway.StartAsync("http://127.0.0.1:9");
        using var first = await gateway.Http.GetAsync("/assets/app.js", TestContext.Current.CancellationToken);
        var again = new HttpRequestMessage(HttpMethod.Get, "/assets/app.js");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var second = await gateway.Http.SendAsync(again, TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.NotModified, second.StatusCode);
    }

    [GeneratedRegex("""(?:src|href)="([^"#]+)"|import .* from '([^']+)'""")]
    private static partial Regex Links();
}
