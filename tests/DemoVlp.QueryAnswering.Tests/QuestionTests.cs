using System.Net;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class QuestionTests : IAsyncLifetime
{
    private World world = null!;
    private IReadOnlyList<Guid> videos = [];

    public async ValueTask InitializeAsync()
    {
        world = await World.StartAsync();
        await world.ActivateAsync("tiny-1");
        await world.ActivateAsync("tiny-qa", questions: true);
        videos = await world.AddIndexedVideosAsync(4);
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Answers_WhenAsked_AreTheModelsWithTheRegionsTheyLeanOn()
    {
        var response = await world.PostAsync<QuestionResponse>($"videos/{videos[1]}/answers", new QuestionRequest("what color is the circle?"));
        Assert.Equal(("what color is the circle?", "tiny-qa", false), (response.Question, response.ModelVersion, response.Truncated));
        Assert.Equal(["blue", "red", "two"], response.Answers.Select(a => a.Text).Order());
        Assert.Equal(1, response.Answers.Sum(a => a.Probability), 3);
        Assert.Equal(response.Answers.Select(a => a.Probability).OrderDescending(), response.Answers.Select(a => a.Probability));
        var frames = Regions.Create(1).Frames;
        Assert.Equal(10, response.Evidence.Count);
        Assert.All(response.Evidence, e => Assert.Contains(frames[e.FrameIndex].Boxes.Chunk(4), box => box.SequenceEqual(e.Box)));
        Assert.Equal(response.Evidence.Select(e => e.Weight).OrderDescending(), response.Evidence.Select(e => e.Weight));
        Assert.Single((await world.PostAsync<QuestionResponse>($"videos/{videos[1]}/answers", new QuestionRequest("what?", Limit: 1))).Answers);
    }

    [Fact]
    public async Task Choices_WhenScored_TheBestIsTheHighestAndTheQuestionCounts()
    {
        var alone = await world.PostAsync<ChoiceResponse>($"videos/{videos[0]}/choices", new ChoiceRequest(["a red circle", "a blue square moves", "dog"]));
        Assert.Equal("tiny-1", alone.ModelVersion);
        Assert.Equal([0, 1, 2], alone.Choices.Select(c => c.Index));
        Assert.Equal("a blue square moves", alone.Choices[1].Option);
        Assert.Equal(alone.Choices.Max(c => c.Score), alone.Choices[alone.Best].Score);
        var asked = await world.PostAsync<ChoiceResponse>($"videos/{videos[0]}/choices", new ChoiceRequest(["a red circle", "a blue square moves", "dog"], "what is left?"));
        Assert.NotEqual(alone.Choices.Select(c => c.Score), asked.Choices.Select(c => c.Score));

        // An option is scored as a search scores its text: cosine plus alignment.
        var hit = (await world.SearchAsync("a red circle", filter: new SearchFilter { Videos = [videos[0]] })).Items.Single();
        Assert.Equal(hit.Score, alone.Choices[0].Score, 3);
    }

    [Fact]
    public async Task LibraryAnswers_WhenNoVideoIsNamed_ComeWithVideoAndMoment()
    {
        var response = await world.PostAsync<LibraryQuestionResponse>("answers", new LibraryQuestionRequest("what color is the dog?", Limit: 6));
        Assert.Equal(6, response.Answers.Count);
        Assert.Equal(response.Answers.Select(a => a.Probability).OrderDescending(), response.Answers.Select(a => a.Probability));
        Assert.All(response.Answers, a => Assert.Equal($"Video {videos.ToList().IndexOf(a.VideoId)}", a.Title));
        Assert.All(response.Answers, a => Assert.Equal(0.5 + a.Moment!.FrameIndex, a.Moment.TimestampSeconds));
        var one = await world.PostAsync<LibraryQuestionResponse>("answers", new LibraryQuestionRequest("what color is the dog?", [videos[3]]));
        Assert.All(one.Answers, a => Assert.Equal(videos[3], a.VideoId));
    }

    [Fact]
    public async Task Questions_WhenTheyAreWrong_SayWhatIsWrong()
    {
        var (answers, choices, unknown) = ($"videos/{videos[0]}/answers", $"videos/{videos[0]}/choices", Guid.NewGuid());
        await world.RefusedAsync(HttpStatusCode.BadRequest, "empty-question", answers, new QuestionRequest(" "));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "bad-limit", answers, new QuestionRequest("what?", 21));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "empty-question", "answers", new LibraryQuestionRequest(null));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "too-many-videos", "answers", new LibraryQuestionRequest("what?", [.. Enumerable.Range(0, 21).Select(_ => Guid.NewGuid())]));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "too-few-options", choices, new ChoiceRequest(["red"]));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "too-few-options", choices, new ChoiceRequest(null));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "too-many-options", choices, new ChoiceRequest([.. Enumerable.Repeat("red", 21)]));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "empty-option", choices, new ChoiceRequest(["red", ""]));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "bad-text", answers, new QuestionRequest("what\0?"));
        await world.RefusedAsync(HttpStatusCode.BadRequest, "bad-text", choices, new ChoiceRequest(["red", "bl\0ue"]));
        await world.RefusedAsync(HttpStatusCode.NotFound, "video-not-found", $"videos/{unknown}/answers", new QuestionRequest("what?"));
        await world.RefusedAsync(HttpStatusCode.NotFound, "video-not-found", $"videos/{unknown}/choices", new ChoiceRequest(["red", "blue"]));
        await world.RefusedAsync(HttpStatusCode.NotFound, "video-not-found", "answers", new LibraryQuestionRequest("what?", [unknown]));
    }

    [Fact]
    public async Task Questions_WhenTheVideoIsNotIndexedYet_SaySo()
    {
        var id = Guid.NewGuid();
        await world.Publish(new VideoDescribed { VideoId = id, Revision = 1, Title = "Fresh", Captions = [] });
        await Testing.Eventually.TrueAsync("the video is known",
            token => world.Query(db => db.Videos.AnyAsync(v => v.Id == id, token)), TestContext.Current.CancellationToken);
        await world.RefusedAsync(HttpStatusCode.Conflict, "video-not-indexed", $"videos/{id}/answers", new QuestionRequest("what?"));
        await world.RefusedAsync(HttpStatusCode.Conflict, "video-not-indexed", $"videos/{id}/choices", new ChoiceRequest(["red", "blue"]));
    }
}
