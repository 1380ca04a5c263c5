using System.Net;
using System.Net.Http.Json;
using DemoVlp.Artifacts;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.Catalog.Tests;

public sealed class VideosTests(CatalogFixture fixture) : IClassFixture<CatalogFixture>
{
    private readonly CatalogHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_WhenVideosAreUploadedWhileSomebodyPages_ShowsEachOnceNewestFirst()
    {
        var there = new List<Guid>();
        for (var i = 0; i < 7; i++) there.Insert(0, (await client.UploadedAsync()).Id);

        List<Guid> seen = [];
        string? cursor = null;
        do
        {
            var page = await client.ListAsync($"limit=3&cursor={cursor}");
            Assert.InRange(page.Items.Count, 1, 3);
            seen.AddRange(page.Items.Select(video => video.Id));
            cursor = page.NextCursor;
            await client.UploadedAsync();
        }
        while (cursor is not null);

        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Equal(there, seen.Where(there.Contains));
        Assert.Equal(there[0], seen[0]);
    }

    [Fact]
    public async Task List_WhenAStatusIsAsked_ShowsOnlyThose()
    {
        var video = await client.UploadedAsync();
        await FailAsync(video.Id, FailureCodes.NotAVideo);

        var failed = (await client.ListAsync("status=failed&limit=100")).Items;
        var sampling = (await client.ListAsync("status=sampling&limit=100")).Items;

        Assert.Contains(failed, v => v.Id == video.Id && v.Failure == new VideoFailure(FailureCodes.NotAVideo, "It is broken."));
        Assert.DoesNotContain(sampling, v => v.Id == video.Id);
    }

    [Theory]
    [InlineData("status=nice", "bad-status")]
    [InlineData("limit=0", "bad-limit")]
    [InlineData("limit=101", "bad-limit")]
    [InlineData("cursor=rubbish", "bad-cursor")]
    public async Task List_WhenItIsAskedWrongly_SaysWhatIsWrong(string query, string code)
    {
        using var response = await client.GetAsync($"{Calls.Videos}?{query}", Token);

        await response.IsProblemAsync(HttpStatusCode.BadRequest, code);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/events")]
    [InlineData("GET", "/content")]
    [InlineData("GET", "/frames/0")]
    [InlineData("POST", "/retry")]
    [InlineData("DELETE", "")]
    public async Task AnyCall_WhenThereIsNoSuchVideo_AnswersNotFound(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{Calls.Videos}/{Guid.NewGuid()}{path}");
        using var response = await client.SendAsync(request, Token);

        await response.IsProblemAsync(HttpStatusCode.NotFound, "video-not-found");
    }

    [Fact]
    public async Task Delete_WhenTheVideoIsThere_RemovesItFromEveryAnswerAndTellsTheOthers()
    {
        var video = await client.UploadedAsync();

        using var response = await client.DeleteAsync($"{Calls.Videos}/{video.Id}", Token);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        foreach (var path in new[] { "", "/content", "/events", "/frames/0" })
            using (var gone = await client.GetAsync($"{Calls.Videos}/{video.Id}{path}", Token))
                await gone.IsProblemAsync(HttpStatusCode.NotFound, "video-not-found");
        Assert.DoesNotContain((await client.ListAsync("limit=100")).Items, v => v.Id == video.Id);
        Assert.DoesNotContain(VideoArtifacts.Source(video.Id), host.Files());
        Assert.Single(host.Recorder.Of<VideoDeleted>(m => m.VideoId == video.Id));
        var tombstone = await host.RowAsync(video.Id);
        Assert.Equal(("", ""), (tombstone.Title, tombstone.FileName));
    }

    [Fact]
    public async Task Delete_WhenItIsDeletedTwice_AnswersNotFoundTheSecondTime()
    {
        var video = await client.UploadedAsync();
        using var first = await client.DeleteAsync($"{Calls.Videos}/{video.Id}", Token);

        using var second = await client.DeleteAsync($"{Calls.Videos}/{video.Id}", Token);

        await second.IsProblemAsync(HttpStatusCode.NotFound, "video-not-found");
    }

    [Fact]
    public async Task PutCaptions_WhenTheyChange_ReplacesAndAnnouncesThemAsTheNextRevision()
    {
        var video = await client.UploadedAsync();

        using var response = await PutCaptionsAsync(video.Id, ["a red\ncircle", "  ", "moves"]);

        Assert.Equal(["a red circle", "moves"], (await response.VideoAsync()).Captions);
        Assert.Equal(["a red circle", "moves"], (await client.GetVideoAsync(video.Id)).Captions);
        var described = Assert.Single(host.Recorder.Of<VideoDescribed>(m => m.VideoId == video.Id && m.Revision == 2));
        Assert.Equal(["a red circle", "moves"], described.Captions);
    }

    [Fact]
    public async Task PutCaptions_WhenTheyAreTheSame_AnnouncesNothing()
    {
        var video = await client.UploadedAsync();

        using var response = await PutCaptionsAsync(video.Id, []);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(host.Recorder.Of<VideoDescribed>(m => m.VideoId == video.Id));
    }

    [Fact]
    public async Task PutCaptions_WhenTwoPeopleWriteAtOnce_KeepsOneWholeAndCountsBoth()
    {
        var video = await client.UploadedAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => PutCaptionsAsync(video.Id, [$"caption {i}"])));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        var described = host.Recorder.Of<VideoDescribed>(m => m.VideoId == video.Id && m.Revision > 1);
        Assert.Equal([2, 3, 4, 5, 6, 7], described.Select(m => m.Revision).Order());
        Assert.Equal((await client.GetVideoAsync(video.Id)).Captions, described.MaxBy(m => m.Revision)!.Captions);
    }

    [Theory]
    [InlineData("{}", "no-captions")]
    [InlineData("{\"captions\": 3}", "bad-request")]
    public async Task PutCaptions_WhenTheBodyIsNotRight_SaysSo(string body, string code)
    {
        var video = await client.UploadedAsync();

        using var response = await client.PutAsync($"{Calls.Videos}/{video.Id}/captions", Calls.Raw(body, "application/json"), Token);

        await response.IsProblemAsync(HttpStatusCode.BadRequest, code);
    }

    [Fact]
    public async Task Retry_WhenItIsNotFailed_IsAConflict()
    {
        var video = await client.UploadedAsync();

        using var response = await client.PostAsync($"{Calls.Videos}/{video.Id}/retry", null, Token);

        await response.IsProblemAsync(HttpStatusCode.Conflict, "not-failed");
    }

    [Fact]
    public async Task Retry_WhenItFailedWithItsFramesThere_StartsFromTheSource()
    {
        var video = await client.UploadedAsync();
        await host.Harness.Bus.Publish(Events.Frames(video.Id), Token);
        await Eventually.TrueAsync("it is extracting", async _ => (await client.GetVideoAsync(video.Id)).Status == VideoStatus.Extracting, Token);
        await FailAsync(video.Id, FailureCodes.ExtractionFailed);
        var before = host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id).Count;

        using var response = await client.PostAsync($"{Calls.Videos}/{video.Id}/retry", null, Token);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var retried = await response.VideoAsync();
        Assert.Equal((VideoStatus.Sampling, null), (retried.Status, retried.Failure));
        Assert.Equal(before + 1, host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id).Count);
    }

    private Task<HttpResponseMessage> PutCaptionsAsync(Guid id, string[] captions) =>
        client.PutAsJsonAsync($"{Calls.Videos}/{id}/captions", new CaptionsUpdate(captions), Token);

    private async Task FailAsync(Guid id, string code)
    {
        await host.Harness.Bus.Publish(Events.Failed(id, code), Token);
        await Eventually.TrueAsync("it is failed", async _ => (await client.GetVideoAsync(id)).Status == VideoStatus.Failed, Token);
    }
}
