using System.Net;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>The main way through the system, the same for both ways of running it.</summary>
public abstract class UploadToAnswerTests
{
    private readonly SystemUnderTest system;

    protected UploadToAnswerTests(SystemUnderTest system)
    {
        Assert.SkipWhen(system.Unavailable is not null, system.Unavailable ?? "");
        this.system = system;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Library Library => system.Library;

    [Fact]
    public async Task Upload_OfAVideo_EndsInSearchAndAnswers()
    {
        var (status, uploaded) = await Library.UploadAsync(await SampleClips.ColoursAsync(Token), Token, "Eight colours", "one colour after another");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var video = await Library.SettledAsync(uploaded.Id, Token);
        Assert.True(video.Status == VideoStatus.Indexed, $"{video.Failure}\n{system.Logs}");
        Assert.Equal(("Eight colours", 320, 240), (video.Title, video.Width!.Value, video.Height!.Value));
        Assert.InRange(video.DurationSeconds!.Value, 7.9, 8.1);
        Assert.NotNull(video.ModelVersion);
        Assert.NotNull(video.IndexedAt);

        // The middles of eight equal bins: one frame from each second.
        Assert.Equal(8, video.Frames.Count);
        for (var i = 0; i < 8; i++)
        {
            Assert.InRange(video.Frames[i].TimestampSeconds, i + 0.4, i + 0.6);
            var jpeg = await Library.Http.GetByteArrayAsync(video.Frames[i].Url, Token);
            Assert.Equal([0xFF, 0xD8, 0xFF], jpeg[..3]);
        }

        var regions = await Library.GetAsync<VideoRegions>($"videos/{video.Id}/regions", Token);
        Assert.Equal(8, regions.Frames.Count);
        Assert.Equal(video.RegionCount, regions.Frames.Sum(frame => frame.Regions.Count));
        Assert.All(regions.Frames.SelectMany(frame => frame.Regions), region => Assert.NotEmpty(region.Label));

        var found = await Library.PostAsync<SearchResponse>("search", new SearchRequest { Query = "a red picture" }, Token);
        var hit = Assert.Single(found.Items, item => item.VideoId == video.Id);
        Assert.Equal("Eight colours", hit.Title);
        Assert.Equal(hit.Score, hit.GlobalScore + hit.LocalScore, 5);
        Assert.NotNull(hit.Moment);
        Assert.Equal(["a", "red", "picture"], hit.Evidence.Select(evidence => evidence.Word));

        var answers = await Library.PostAsync<QuestionResponse>($"videos/{video.Id}/answers", new QuestionRequest("what color is the picture?", 3), Token);
        Assert.Equal(3, answers.Answers.Count);
        Assert.Equal(answers.Answers.OrderByDescending(answer => answer.Probability), answers.Answers);
        Assert.NotEmpty(answers.Evidence);

        var choices = await Library.PostAsync<ChoiceResponse>($"videos/{video.Id}/choices", new ChoiceRequest(["a red picture", "a dog on a boat"]), Token);
        Assert.Equal(2, choices.Choices.Count);
        Assert.Equal(choices.Choices.MaxBy(choice => choice.Score)!.Index, choices.Best);

        var everywhere = await Library.PostAsync<LibraryQuestionResponse>("answers", new LibraryQuestionRequest("what color is it?", [video.Id]), Token);
        Assert.All(everywhere.Answers, answer => Assert.Equal(video.Id, answer.VideoId));
    }

    [Fact]
    public async Task Upload_OfTheSameBytesAgain_IsTheSameVideo()
    {
        var path = await SampleClips.MovingSquareAsync("red", toTheRight: true, Token);
        var (_, first) = await Library.UploadAsync(path, Token);
        var (status, second) = await Library.UploadAsync(path, Token, "another title");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(first.Id, second.Id);
    }

    [Fact]
    public async Task Upload_OfHostileOrOddFiles_EndsAsItShould()
    {
        var expected = new (string Path, string? Failure, int Frames)[]
        {
            (await SampleClips.PlaylistAsync(Token), FailureCodes.UnsupportedFormat, 0),
            (await SampleClips.TextAsync(Token), FailureCodes.NotAVideo, 0),
            (await SampleClips.TruncatedAsync(Token), FailureCodes.DecodeFailed, 0),
            (await SampleClips.AudioOnlyAsync(Token), FailureCodes.NoVideoStream, 0),
            (await SampleClips.HugePictureAsync(Token), FailureCodes.TooManyPixels, 0),
            (await SampleClips.RotatedAsync(Token), null, 8),
            (await SampleClips.GifAsync(Token), null, 8),
            (await SampleClips.ThreeFramesAsync(Token), null, 3),
            (await SampleClips.OnePixelAsync(Token), null, 5),
            (await SampleClips.MatroskaWithoutDurationAsync(Token), null, 8),
        };
        foreach (var (path, failure, frames) in expected)
        {
            var (_, uploaded) = await Library.UploadAsync(path, Token);
            var video = await Library.SettledAsync(uploaded.Id, Token);
            Assert.True(failure == video.Failure?.Code && frames == video.Frames.Count,
                $"{Path.GetFileName(path)}: {video.Status}, {video.Failure}, {video.Frames.Count} frames\n{system.Logs}");
            if (failure is not null) Assert.EndsWith(".", video.Failure!.Detail);
            else Assert.Contains(await Library.SearchAllAsync("anything", Token), hit => hit.VideoId == video.Id);
        }
    }

    [Fact]
    public async Task Delete_OfAnIndexedVideo_TakesItOutOfEveryAnswer()
    {
        var (_, uploaded) = await Library.UploadAsync(await SampleClips.MovingSquareAsync("blue", toTheRight: false, Token), Token);
        var video = await Library.SettledAsync(uploaded.Id, Token);
        Assert.Equal(VideoStatus.Indexed, video.Status);
        using var deleted = await Library.Http.DeleteAsync($"videos/{video.Id}", Token);
        Assert.Equal(HttpStatusCode.Accepted, deleted.StatusCode);
        Assert.Equal((404, "video-not-found"), await Library.ProblemAsync(HttpMethod.Get, $"videos/{video.Id}", null, Token));
        await Eventually.TrueAsync("the video is in no answer", async token =>
            (await Library.SearchAllAsync("a blue square", token)).TrueForAll(hit => hit.VideoId != video.Id), Token);
        Assert.Equal((404, "video-not-found"), await Library.ProblemAsync(HttpMethod.Post, $"videos/{video.Id}/answers", new QuestionRequest("what?"), Token));
        await Eventually.TrueAsync("frames and regions are gone", async token =>
        {
            using var regions = await Library.Http.GetAsync($"videos/{video.Id}/regions", token);
            return regions.StatusCode == HttpStatusCode.NotFound;
        }, Token);
    }

    [Fact]
    public async Task Training_OnCaptionedVideos_MakesAModelThatCanBeActivated()
    {
        foreach (var (colour, right) in new[] { ("red", false), ("green", true), ("yellow", true), ("white", false) })
        {
            var (_, uploaded) = await Library.UploadAsync(await SampleClips.MovingSquareAsync(colour, right, Token), Token, null, $"a {colour} square moves {(right ? "right" : "left")}");
            if (uploaded.Captions.Count == 0)
                using (await Library.Http.PutAsync($"videos/{uploaded.Id}/captions", System.Net.Http.Json.JsonContent.Create(new CaptionsUpdate([$"a {colour} square"])), Token)) { }
            Assert.Equal(VideoStatus.Indexed, (await Library.SettledAsync(uploaded.Id, Token)).Status);
        }
        await Eventually.TrueAsync("the library can be trained on", async token =>
            (await Library.GetAsync<Page<Dataset>>("datasets", token)).Items.Single(set => set.Name == "library").Clips >= 4, Token);

        var run = await Library.PostAsync<TrainingRun>("training-runs", new TrainingRunRequest { Task = "retrieval", Dataset = "library", Epochs = 2, BatchSize = 4 }, Token);
        var ended = await Eventually.ValueAsync("the run has ended", async token =>
            await Library.GetAsync<TrainingRun>($"training-runs/{run.Id}", token) is { EndedAt: not null } done ? done : null, Token, TimeSpan.FromMinutes(3));
        Assert.True(ended.State == RunState.Completed, $"{ended.State} {ended.Failure}\n{system.Logs}");
        Assert.Equal(ended.TotalSteps, ended.Step);

        using var activated = await Library.Http.PostAsync($"models/{ended.ModelVersion}/activate", null, Token);
        Assert.Equal(HttpStatusCode.Accepted, activated.StatusCode);
        await Eventually.TrueAsync("the new model answers", async token =>
            (await Library.PostAsync<SearchResponse>("search", new SearchRequest { Query = "a square" }, token)).ModelVersion == ended.ModelVersion, Token, TimeSpan.FromMinutes(2));
        var indexed = (await Library.AllVideosAsync(Token)).Count(video => video.Status == VideoStatus.Indexed);
        Assert.Equal(indexed, (await Library.SearchAllAsync("a square", Token)).Count);
    }

    [Fact]
    public async Task Requests_ThatCannotBeAnswered_SaySoWithAStableCode()
    {
        Assert.Equal((400, "empty-query"), await Library.ProblemAsync(HttpMethod.Post, "search", new SearchRequest { Query = "  " }, Token));
        Assert.Equal((404, "video-not-found"), await Library.ProblemAsync(HttpMethod.Get, $"videos/{Guid.NewGuid()}", null, Token));
        Assert.Equal((404, "video-not-found"), await Library.ProblemAsync(HttpMethod.Post, $"videos/{Guid.NewGuid()}/answers", new QuestionRequest("what?"), Token));
        Assert.Equal((404, "not-found"), await Library.ProblemAsync(HttpMethod.Get, "nothing/here", null, Token));
    }
}

/// <summary>In one process.</summary>
public sealed class StandaloneUploadToAnswerTests(StandaloneSystem system) : UploadToAnswerTests(system), IClassFixture<StandaloneSystem>;

/// <summary>As separate processes over RabbitMQ and PostgreSQL.</summary>
public sealed class DistributedUploadToAnswerTests(DistributedSystem system) : UploadToAnswerTests(system), IClassFixture<DistributedSystem>;
