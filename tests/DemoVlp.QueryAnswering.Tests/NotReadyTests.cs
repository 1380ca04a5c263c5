using System.Net;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Text;
using MassTransit;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class NotReadyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Queries_WhenNoModelIsActive_SaySoWhileTheServiceIsReady()
    {
        await using var world = await World.StartAsync();
        var video = await world.AddVideoAsync(1);
        await World.EventuallyAsync("the video is known", () => world.Query(db => Task.FromResult(db.Videos.Any(v => v.RegionsKey != null))).Result);
        await world.RefusedAsync(HttpStatusCode.ServiceUnavailable, "model-not-ready", "search", new SearchRequest { Query = "red" });
        await world.RefusedAsync(HttpStatusCode.ServiceUnavailable, "model-not-ready", $"videos/{video}/answers", new QuestionRequest("what?"));
        await world.RefusedAsync(HttpStatusCode.ServiceUnavailable, "model-not-ready", $"videos/{video}/choices", new ChoiceRequest(["red", "blue"]));
        await world.RefusedAsync(HttpStatusCode.ServiceUnavailable, "model-not-ready", "answers", new LibraryQuestionRequest("what?"));
        using var health = await world.Http.GetAsync("/health/ready", Cancellation);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        using var report = JsonDocument.Parse(await health.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("No model is active yet.", report.RootElement.GetProperty("checks").GetProperty("query-models").GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Search_WhenTheLibraryIsEmpty_FindsNothing()
    {
        await using var world = await World.StartAsync();
        await world.ActivateAsync("tiny-1");
        var found = await world.SearchAsync("red circle");
        Assert.Empty(found.Items);
        Assert.Null(found.NextCursor);
    }

    [Fact]
    public async Task Search_WhenTheTextServiceCannotAnswer_IsUnavailableRatherThanBroken()
    {
        await using var world = await World.StartAsync(bus => bus.AddConsumer<RefusingTokenizer>());
        await world.ActivateAsync("tiny-1");
        await world.RefusedAsync(HttpStatusCode.ServiceUnavailable, "tokenizer-unavailable", "search", new SearchRequest { Query = "red" });
        await world.RefusedAsync(HttpStatusCode.ServiceUnavailable, "tokenizer-unavailable", "search", new SearchRequest { Query = "crash" });
    }

    private sealed class RefusingTokenizer : IConsumer<TokenizeText>
    {
        public Task Consume(ConsumeContext<TokenizeText> context) => context.Message.Texts[0] == "crash"
            ? throw new InvalidOperationException("broken on purpose")
            : context.RespondAsync(new TokenizationRefused("model-not-found", "There is no such model."));
    }
}
