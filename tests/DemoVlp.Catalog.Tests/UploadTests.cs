using System.Net;
using System.Security.Cryptography;
using DemoVlp.Artifacts;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;

namespace DemoVlp.Catalog.Tests;

public sealed class UploadTests(CatalogFixture fixture) : IClassFixture<CatalogFixture>
{
    private readonly CatalogHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Client();

    [Fact]
    public async Task Upload_WhenTheBytesAreNew_StoresThemAndTellsTheOtherServices()
    {
        var clip = Calls.NewClip();

        using var response = await client.UploadAsync(Calls.Form(clip, "holiday.mp4").With("caption", "a beach"));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var video = await response.VideoAsync();
        Assert.Equal($"/api/v1/videos/{video.Id}", response.Headers.Location?.ToString());
        Assert.Equal(("holiday.mp4", VideoStatus.Sampling, clip.Length), (video.Title, video.Status, video.Bytes));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(clip)), video.Sha256);
        Assert.Equal(["a beach"], video.Captions);
        var uploaded = Assert.Single(host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id));
        Assert.Equal(clip, await host.Store.ReadAsync(uploaded.Source, TestContext.Current.CancellationToken));
        var described = Assert.Single(host.Recorder.Of<VideoDescribed>(m => m.VideoId == video.Id));
        Assert.Equal(("holiday.mp4", 1), (described.Title, described.Revision));
        Assert.Equal(["a beach"], described.Captions);
    }

    [Fact]
    public async Task Upload_WhenTheSameBytesComeAgain_AnswersWithTheVideoThatIsThere()
    {
        var clip = Calls.NewClip();
        var first = await client.UploadedAsync(clip);

        using var response = await client.UploadAsync(Calls.Form(clip, "another name.mp4").With("title", "Another title"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal((first.Id, first.Title), ((await response.VideoAsync()).Id, first.Title));
        Assert.Single(host.Recorder.Of<VideoUploaded>(m => m.VideoId == first.Id));
        await host.HoldsNothingButItsVideosAsync();
    }

    [Fact]
    public async Task Upload_WhenEqualUploadsEndAtOnce_MakesOneVideoAndKeepsOneFile()
    {
        var clip = Calls.NewClip(200_000);

        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.UploadAsync(Calls.Form(clip))));

        var videos = await Task.WhenAll(responses.Select(response => response.VideoAsync()));
        Assert.Single(videos.Select(video => video.Id).Distinct());
        Assert.Single(responses, response => response.StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(7, responses.Count(response => response.StatusCode == HttpStatusCode.OK));
        await host.HoldsNothingButItsVideosAsync();
    }

    [Fact]
    public async Task Upload_WhenItFailedThroughOurFaultBefore_StartsItAgain()
    {
        var clip = Calls.NewClip();
        var video = await client.UploadedAsync(clip);
        await host.Harness.Bus.Publish(Events.Failed(video.Id, FailureCodes.Internal), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync("it is failed", async _ => (await client.GetVideoAsync(video.Id)).Status == VideoStatus.Failed, TestContext.Current.CancellationToken);

        using var response = await client.UploadAsync(Calls.Form(clip));

        var again = await response.VideoAsync();
        Assert.Equal((HttpStatusCode.OK, video.Id, VideoStatus.Sampling), (response.StatusCode, again.Id, again.Status));
        Assert.Null(again.Failure);
        Assert.Equal(2, host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id).Count);
    }

    [Fact]
    public async Task Upload_WhenTheOldVideoWasDeleted_MakesANewOne()
    {
        var clip = Calls.NewClip();
        var old = await client.UploadedAsync(clip);
        using var deleted = await client.DeleteAsync($"{Calls.Videos}/{old.Id}", TestContext.Current.CancellationToken);

        var video = await client.UploadedAsync(clip);

        Assert.NotEqual(old.Id, video.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Upload_WhenFieldsStandBeforeOrBehindTheFile_TakesThem(bool before)
    {
        using var form = new MultipartFormDataContent();
        if (!before) form.Add(new ByteArrayContent(Calls.NewClip()), "file", "clip.mp4");
        form.With("title", "  A title\twith ünïcödé ").With("caption", "one").With("caption", " ").With("caption", "two").With("other", "ignored");
        if (before) form.Add(new ByteArrayContent(Calls.NewClip()), "file", "clip.mp4");

        using var response = await client.UploadAsync(form);

        var video = await response.VideoAsync();
        Assert.Equal("A title with ünïcödé", video.Title);
        Assert.Equal(["one", "two"], video.Captions);
    }

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("..\\\\windows\\\\clip.mp4", "clip.mp4")]
    [InlineData("/absolute/clip.mp4", "clip.mp4")]
    [InlineData("..", "video")]
    [InlineData("", "video")]
    public async Task Upload_WhenTheFileNameIsAPath_UsesItsLastPartAsTitleAndNowhereElse(string fileName, string title)
    {
        var body = $"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{fileName}\"\r\n\r\n{Guid.NewGuid()}\r\n--b--\r\n";

        using var response = await client.UploadAsync(Calls.Raw(body, "multipart/form-data; boundary=b"));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var video = await response.VideoAsync();
        Assert.Equal(title, video.Title);
        Assert.True(File.Exists(host.Store.GetLocalPath(Assert.Single(host.Recorder.Of<VideoUploaded>(m => m.VideoId == video.Id)).Source)));
        await host.HoldsNothingButItsVideosAsync();
    }

    public static TheoryData<string, HttpContent, string> Refused => new()
    {
        { "no form", new StringContent("{}"), "no-file" },
        { "no boundary", Calls.Raw("--b--", "multipart/form-data"), "no-file" },
        { "no file part", new MultipartFormDataContent().With("title", "t"), "no-file" },
        { "an empty file", Calls.Form([]), "empty-file" },
        { "two files", Two(), "too-many-files" },
        { "a long title", Calls.Form(Calls.NewClip()).With("title", new string('t', 201)), "title-too-long" },
        { "an endless title", Calls.Form(Calls.NewClip()).With("title", new string('t', 100_000)), "title-too-long" },
        { "a long caption", Calls.Form(Calls.NewClip()).With("caption", new string('c', 1001)), "caption-too-long" },
        { "101 captions", Enumerable.Range(0, 101).Aggregate(Calls.Form(Calls.NewClip()), (form, i) => form.With("caption", $"{i}")), "too-many-captions" },
        { "many parts", Enumerable.Range(0, 200).Aggregate(Calls.Form(Calls.NewClip()), (form, i) => form.With($"x{i}", "x")), "too-many-parts" },
        { "a body cut off", Calls.Raw("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc", "multipart/form-data; boundary=b"), "bad-multipart" },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task Upload_WhenTheFormIsNotRight_SaysWhyAndKeepsNothing(string what, HttpContent form, string code)
    {
        Assert.NotEmpty(what);

        using var response = await client.UploadAsync(form);

        await response.IsProblemAsync(HttpStatusCode.BadRequest, code);
        await host.HoldsNothingButItsVideosAsync();
    }

    [Fact]
    public async Task Upload_WhenAVideoIsTaken_ItsSourceLiesUnderItsId()
    {
        var video = await client.UploadedAsync();

        Assert.Contains(VideoArtifacts.Source(video.Id), host.Files());
    }

    private static MultipartFormDataContent Two()
    {
        var form = Calls.Form(Calls.NewClip());
        form.Add(new ByteArrayContent(Calls.NewClip()), "file", "second.mp4");
        return form;
    }
}
