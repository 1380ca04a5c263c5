using System.Net;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Testing;

namespace DemoVlp.Catalog.Tests;

/// <summary>On Kestrel: what a real connection does when a body is too long, has no length, or ends in the middle.</summary>
public sealed class UploadLimitTests : IAsyncDisposable
{
    private const int Limit = 1 << 20;
    private readonly CatalogHost host = new(new() { ["Catalog:MaxUploadBytes"] = $"{Limit}" }, kestrel: true);

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Theory]
    [InlineData(Limit, false, HttpStatusCode.Accepted)]
    [InlineData(Limit, true, HttpStatusCode.Accepted)]
    [InlineData(Limit + 1, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(Limit + 1, true, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Upload_WhenTheFileIsAtTheLimit_TakesItAndNotOneByteMore(int bytes, bool chunked, HttpStatusCode expected)
    {
        using var client = host.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, Calls.Videos) { Content = Calls.Form(Calls.NewClip(bytes)) };
        request.Headers.TransferEncodingChunked = chunked;

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.StatusCode);
        if (expected != HttpStatusCode.Accepted) await response.IsProblemAsync(expected, "too-large");
        await host.HoldsNothingButItsVideosAsync();
    }

    [Fact]
    public async Task Upload_WhenTheBodyIsEndless_StopsReadingSoonAfterTheLimit()
    {
        using var client = host.Client();
        var file = new GeneratedContent(10L << 30, TestContext.Current.CancellationToken);
        using var form = new MultipartFormDataContent { { file, "file", "endless.mp4" } };
        using var request = new HttpRequestMessage(HttpMethod.Post, Calls.Videos) { Content = form };
        request.Headers.TransferEncodingChunked = true;

        try
        {
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }
        catch (HttpRequestException e)
        {
            // The server may hang up while we are still sending; that the upload was cut is what counts.
            Assert.NotEqual(HttpRequestError.ConnectionError, e.HttpRequestError);
        }

        Assert.InRange(file.Sent, Limit, 64 * Limit);
        await Eventually.TrueAsync("nothing is left of it", () => host.Files().Count == 0, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Upload_WhenTheClientGoesAwayInTheMiddle_LeavesNothing()
    {
        using var client = host.Client();
        using var away = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var file = new GeneratedContent(Limit, away.Token) { PauseAfter = Limit / 2 };
        using var form = new MultipartFormDataContent { { file, "file", "half.mp4" } };
        var upload = client.PostAsync(Calls.Videos, form, away.Token);
        await Eventually.TrueAsync("half of it is being written", () => host.Files().Any(path => path.StartsWith(".incoming/", StringComparison.Ordinal)), away.Token);

        await away.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => upload);
        await Eventually.TrueAsync("nothing is left of it", () => host.Files().Count == 0, TestContext.Current.CancellationToken);
        Assert.Empty((await client.ListAsync("")).Items);
    }

    [Fact]
    public async Task Upload_WhenAsManyVideosAreThereAsMayBe_AnswersQuotaUntilOneIsDeleted()
    {
        await using var small = new CatalogHost(new() { ["Catalog:MaxVideos"] = "1" });
        using var client = small.Client();
        var video = await client.UploadedAsync();

        using var refused = await client.UploadAsync(Calls.Form(Calls.NewClip()));
        await refused.IsProblemAsync(HttpStatusCode.TooManyRequests, "quota");

        using var deleted = await client.DeleteAsync($"{Calls.Videos}/{video.Id}", TestContext.Current.CancellationToken);
        await client.UploadedAsync();
        await small.HoldsNothingButItsVideosAsync();
    }

    [Fact]
    public async Task Upload_WhenItDoesNotFitIntoTheBytesLeft_AnswersQuotaAndKeepsNothing()
    {
        await using var small = new CatalogHost(new() { ["Catalog:MaxTotalBytes"] = "5000" });
        using var client = small.Client();
        await client.UploadedAsync(Calls.NewClip(3000));

        using var refused = await client.UploadAsync(Calls.Form(Calls.NewClip(2001)));

        await refused.IsProblemAsync(HttpStatusCode.TooManyRequests, "quota");
        await small.HoldsNothingButItsVideosAsync();
        await client.UploadedAsync(Calls.NewClip(2000));
    }
}
