using System.Net;
using System.Text;
using DemoVlp.Client;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Gateway.Tests;

public sealed class ClientTests
{
    private const string VideoJson = """{"id":"0190a0b0-0000-7000-8000-000000000001","title":"t","status":"{S}","sha256":"aa","bytes":1,"captions":[],"frames":[],"createdAt":"2026-01-02T03:04:05Z","new":1}""";

    [Fact]
    public async Task List_WhenThereAreSeveralPages_GoesThroughAllAndNoFurtherThanAsked()
    {
        var (client, calls) = Client(request => Json(request.RequestUri!.Query switch
        {
            "?status=indexed&limit=1" => $$"""{"items":[{{VideoJson}}],"nextCursor":"a b&c"}""",
            "?status=indexed&limit=1&cursor=a%20b%26c" => $$"""{"items":[{{VideoJson}}],"nextCursor":null}""",
            var other => throw new InvalidOperationException(other),
        }));

        var first = await client.ListVideosAsync("indexed", 1, TestContext.Current.CancellationToken).FirstAsync(TestContext.Current.CancellationToken);
        Assert.Single(calls);
        var all = await client.ListVideosAsync("indexed", 1, TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken);

        Assert.Equal(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), first.CreatedAt);
        Assert.Equal((2, 3), (all, calls.Count));
    }

    [Fact]
    public async Task Watch_WhenEventsComeIn_GivesEachWhileTheStreamIsOpen()
    {
        var stream = new System.IO.Pipelines.Pipe();
        var (client, _) = Client(_ => new HttpResponseMessage { Content = new StreamContent(stream.Reader.AsStream()) { Headers = { { "Content-Type", "text/event-stream" } } } });
        await using var events = client.WatchVideoAsync(Guid.NewGuid(), TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

        foreach (var status in new[] { "sampling", "indexed" })
        {
            await stream.Writer.WriteAsync(Encoding.UTF8.GetBytes($": still here\n\nevent: changed\ndata: {VideoJson.Replace("{S}", status)}\n\n"), TestContext.Current.CancellationToken);
            Assert.True(await events.MoveNextAsync());
            Assert.Equal(status, events.Current.Status);
        }
        await stream.Writer.CompleteAsync();
        Assert.False(await events.MoveNextAsync());
    }

    [Fact]
    public async Task Upload_WhenSent_HasTheWordsBeforeTheFileAndTellsProgress()
    {
        string body = "";
        var (client, _) = Client(request =>
        {
            body = request.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
            Assert.True(request.Headers.ExpectContinue);
            return Json(VideoJson, HttpStatusCode.OK);
        });
        var progress = new Progress();

        var result = await client.UploadAsync(new MemoryStream(new byte[300_000]), new VideoUpload("ä \"clip\".mp4") { Title = "Titel", Captions = ["one", "two"] }, progress, TestContext.Current.CancellationToken);

        Assert.True(result.AlreadyThere);
        Assert.True(body.IndexOf("Titel", StringComparison.Ordinal) < body.IndexOf("name=file", StringComparison.Ordinal));
        Assert.Equal(3, body.Split("name=caption").Length);
        Assert.Equal(300_000, progress.Last);
    }

    [Fact]
    public async Task Call_WhenAnsweredWithAProblem_ThrowsItsCodeSentenceAndTrace()
    {
        var (client, _) = Client(_ => new HttpResponseMessage(HttpStatusCode.Conflict)
        {
            Content = new StringContent("""{"status":409,"title":"Conflict","detail":"Not yet.","code":"video-not-indexed","traceId":"abc"}""", Encoding.UTF8, "application/problem+json"),
        });

        var error = await Assert.ThrowsAsync<DemoVlpException>(() => client.AskAsync(Guid.NewGuid(), "what?", cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal((HttpStatusCode.Conflict, "video-not-indexed", "Not yet.", "abc"), (error.Status, error.Code, error.Detail, error.TraceId));
    }

    [Theory]
    [InlineData(HttpStatusCode.BadGateway, "<html>", "text/html", "http-502")]
    [InlineData(HttpStatusCode.BadRequest, "{broken", "application/problem+json", "http-400")]
    [InlineData(HttpStatusCode.OK, "<html>hello", "text/html", "unexpected-answer")]
    public async Task Call_WhenAnsweredByAnotherSystem_ThrowsAllTheSame(HttpStatusCode status, string text, string type, string code)
    {
        var (client, _) = Client(_ => new HttpResponseMessage(status) { Content = new StringContent(text, Encoding.UTF8, type) });

        var error = await Assert.ThrowsAsync<DemoVlpException>(() => client.SearchAsync("x", cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal((status, code), (error.Status, error.Code));
    }

    [Fact]
    public async Task Search_WhenAskedForAll_KeepsQueryAndFilterOnEveryPage()
    {
        var bodies = new List<string>();
        var (client, _) = Client(request =>
        {
            bodies.Add(request.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult());
            return Json($$"""{"query":"q","modelVersion":"m","items":[{"videoId":"0190a0b0-0000-7000-8000-000000000001","title":"t","score":1.5,"globalScore":1,"localScore":0.5,"evidence":[]}],"nextCursor":{{(bodies.Count == 1 ? "\"c\"" : "null")}}}""");
        });

        var hits = await client.SearchAllAsync(new SearchRequest { Query = "q", Filter = new SearchFilter { TitleContains = "t" } }, TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, hits);
        Assert.Equal(["""{"query":"q","filter":{"titleContains":"t"}}""", """{"query":"q","cursor":"c","filter":{"titleContains":"t"}}"""], bodies);
    }

    private static HttpResponseMessage Json(string text, HttpStatusCode status = HttpStatusCode.OK) => new(status) { Content = new StringContent(text.Replace("{S}", "indexed"), Encoding.UTF8, "application/json") };

    private static (DemoVlpClient Client, List<Uri> Calls) Client(Func<HttpRequestMessage, HttpResponseMessage> answer)
    {
        var calls = new List<Uri>();
        var http = new HttpClient(new Handler(request =>
        {
            calls.Add(request.RequestUri!);
            return answer(request);
        })) { BaseAddress = new Uri("http://demovlp/") };
        return (new DemoVlpClient(http), calls);
    }

    private sealed class Handler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }

    private sealed class Progress : IProgress<long>
    {
        public long Last { get; private set; }

        public void Report(long value) => Last = value;
    }
}
