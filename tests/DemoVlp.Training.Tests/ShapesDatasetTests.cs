using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.MovingShapes;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Tests;

public sealed class ShapesDatasetTests(ShapesDatasetTests.App app) : IClassFixture<ShapesDatasetTests.App>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public sealed class App : IDisposable
    {
        public App() => Client = Training.CreateClient();

        public TrainingApp Training { get; } = new();
        public HttpClient Client { get; }

        public void Dispose() => Training.Dispose();
    }

    internal static DatasetRequest Shapes(string name, int clips, int seed = 7, string? vocabulary = null)
    {
        var options = new Dictionary<string, JsonElement> { ["seed"] = JsonSerializer.SerializeToElement(seed), ["clips"] = JsonSerializer.SerializeToElement(clips) };
        if (vocabulary is not null) options["vocabulary"] = JsonSerializer.SerializeToElement(vocabulary);
        return new DatasetRequest { Name = name, Format = "moving-shapes", Options = options };
    }

    [Fact]
    public async Task Create_WhenShapesAreWished_TellsWhatTheSplitsHold()
    {
        var response = await app.Client.PostAsJsonAsync("/api/v1/datasets", Shapes("shapes-counted", 9), Stop);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("/api/v1/datasets/shapes-counted", response.Headers.Location?.OriginalString);
        var dataset = (await response.Content.ReadFromJsonAsync<Dataset>(Stop))!;
        Assert.Equal(DatasetState.Ready, dataset.State);
        Assert.Equal([("train", 9), ("val", 8), ("test", 9)], dataset.Splits.Select(s => (s.Name, s.Clips)));
        foreach (var split in dataset.Splits)
        {
            var truth = Clip.Of(7, Vocabulary.Standard, Enum.Parse<Split>(split.Name, ignoreCase: true)).Take(split.Clips).ToList();
            Assert.Equal((truth.Sum(c => c.Captions.Count), truth.Sum(c => c.Questions.Count), truth.Sum(c => c.Choices.Count), 0), (split.Captions, split.Questions, split.Choices, split.WithRegions));
        }
        Assert.Equal(26, dataset.Clips);
        Assert.Equal(7, dataset.Options["seed"].GetInt32());
        var listed = (await app.Client.GetFromJsonAsync<Page<Dataset>>("/api/v1/datasets", Stop))!.Items;
        Assert.Equal("library", listed[0].Name);
        Assert.Contains(listed, d => d.Name == "shapes-counted" && d.Questions == dataset.Questions);
    }

    [Fact]
    public async Task Create_WhenTheNameIsTaken_TellsTheSameSetFromAnother()
    {
        Assert.Equal(HttpStatusCode.Created, (await app.Client.PostAsJsonAsync("/api/v1/datasets", Shapes("shapes-twice", 2), Stop)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await app.Client.PostAsJsonAsync("/api/v1/datasets", Shapes("shapes-twice", 2, vocabulary: "standard"), Stop)).StatusCode);
        await RefusedAsync(Shapes("shapes-twice", 3), 409, "dataset-exists");
        await RefusedAsync(Shapes("shapes-twice", 2, vocabulary: "extended"), 409, "dataset-exists");
        await RefusedAsync(Shapes("library", 2), 409, "dataset-exists");
    }

    [Theory]
    [InlineData("", "moving-shapes", """{"seed":1,"clips":2}""", "bad-dataset-name")]
    [InlineData("Upper", "moving-shapes", """{"seed":1,"clips":2}""", "bad-dataset-name")]
    [InlineData("../up", "moving-shapes", """{"seed":1,"clips":2}""", "bad-dataset-name")]
    [InlineData("line\n", "moving-shapes", """{"seed":1,"clips":2}""", "bad-dataset-name")]
    [InlineData("a", "moving-pictures", """{"seed":1,"clips":2}""", "unknown-format")]
    [InlineData("a", "moving-shapes", """{"seed":1,"clips":2,"color":"red"}""", "unknown-option")]
    [InlineData("a", "moving-shapes", """{"seed":1}""", "bad-option")]
    [InlineData("a", "moving-shapes", """{"clips":2}""", "bad-option")]
    [InlineData("a", "moving-shapes", """{"seed":-1,"clips":2}""", "bad-option")]
    [InlineData("a", "moving-shapes", """{"seed":1,"clips":1}""", "bad-option")]
    [InlineData("a", "moving-shapes", """{"seed":1,"clips":20001}""", "bad-option")]
    [InlineData("a", "moving-shapes", """{"seed":"1","clips":2}""", "bad-option")]
    [InlineData("a", "moving-shapes", """{"seed":1,"clips":2,"vocabulary":"Klingon"}""", "bad-option")]
    public Task Create_WhenTheWishIsWrong_SaysWhy(string name, string format, string options, string code) =>
        RefusedAsync(new DatasetRequest { Name = name, Format = format, Options = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(options) }, 400, code);

    [Fact]
    public async Task Clips_WalkedPageByPage_AreThoseOfTheGeneratorInTheirOrder()
    {
        await app.Client.PostAsJsonAsync("/api/v1/datasets", Shapes("shapes-walked", 3, vocabulary: "extended"), Stop);
        var clips = new List<DatasetClip>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = (await app.Client.GetFromJsonAsync<Page<DatasetClip>>($"/api/v1/datasets/shapes-walked/clips?limit=2&cursor={cursor}", Stop))!;
            Assert.InRange(page.Items.Count, 1, 2);
            clips.AddRange(page.Items);
            cursor = page.NextCursor;
        }

        var truth = Enum.GetValues<Split>().SelectMany(split => Clip.Of(7, Vocabulary.Extended, split).Take(3)).ToList();
        Assert.Equal(truth.Select(c => (Vocabulary.Name(c.Split), c.Scene.Id)), clips.Select(c => (c.Split, c.Id)));
        foreach (var (expected, clip) in truth.Zip(clips))
        {
            Assert.Equal(expected.Captions, clip.Captions);
            Assert.Equal(expected.Questions.Select(q => (q.Text, q.Answer, q.Kind)), clip.Questions.Select(q => (q.Question, q.Answer, q.Type)));
            Assert.Equal(expected.Choices.Select(c => (string.Join('|', c.Options), c.Answer)), clip.Choices.Select(c => (string.Join('|', c.Options), c.Answer)));
            Assert.NotNull(clip.Missing);
        }
        var test = (await app.Client.GetFromJsonAsync<Page<DatasetClip>>("/api/v1/datasets/shapes-walked/clips?split=test", Stop))!;
        Assert.Equal(["test0", "test1", "test2"], test.Items.Select(c => c.Id));
        await ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/shapes-walked/clips?split=dev", Stop), 400, "unknown-split");
        await ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/nobody/clips", Stop), 404, "dataset-not-found");
        await ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/nobody", Stop), 404, "dataset-not-found");
    }

    [Fact]
    public async Task Content_WhenFirstAskedFor_IsDrawnAndServedInRanges()
    {
        await app.Client.PostAsJsonAsync("/api/v1/datasets", Shapes("shapes-seen", 2), Stop);
        const string path = "/api/v1/datasets/shapes-seen/clips/test1/content";

        var whole = await app.Client.GetAsync(path, Stop);
        var bytes = await whole.Content.ReadAsByteArrayAsync(Stop);

        Assert.Equal((HttpStatusCode.OK, "video/mp4"), (whole.StatusCode, whole.Content.Headers.ContentType?.MediaType));
        Assert.Equal("ftyp"u8.ToArray(), bytes[4..8]);
        using var part = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(100, 199) } };
        var range = await app.Client.SendAsync(part, Stop);
        Assert.Equal(HttpStatusCode.PartialContent, range.StatusCode);
        Assert.Equal(bytes[100..200], await range.Content.ReadAsByteArrayAsync(Stop));
        Assert.Equal(whole.Headers.ETag, range.Headers.ETag);
        await ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/shapes-seen/clips/test2/content", Stop), 404, "clip-not-found");
        await ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/shapes-seen/clips/test01/content", Stop), 404, "clip-not-found");
    }

    [Fact]
    public async Task Delete_RemovesTheSetAndItsFiles_ButNotUnderARun()
    {
        await app.Client.PostAsJsonAsync("/api/v1/datasets", Shapes("shapes-gone", 2), Stop);
        await app.Client.GetAsync("/api/v1/datasets/shapes-gone/clips/train0/content", Stop);
        var run = new RunRow { Id = Guid.CreateVersion7(), State = RunState.Queued, Task = "retrieval", Dataset = "shapes-gone", LeaseUntil = DateTime.MaxValue, CreatedAt = DateTime.UtcNow.AddDays(1) };
        await app.Training.InDatabaseAsync(database =>
        {
            database.Runs.Add(run);
            return database.SaveChangesAsync(Stop);
        });
        await ProblemAsync(await app.Client.DeleteAsync("/api/v1/datasets/shapes-gone", Stop), 409, "dataset-in-use");
        await app.Training.InDatabaseAsync(database => database.Runs.Where(r => r.Id == run.Id).ExecuteDeleteAsync(Stop));

        Assert.Equal(HttpStatusCode.Accepted, (await app.Client.DeleteAsync("/api/v1/datasets/shapes-gone", Stop)).StatusCode);

        await ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/shapes-gone", Stop), 404, "dataset-not-found");
        await Testing.Eventually.TrueAsync("a set of the same name can be made anew",
            async stop => (await app.Client.PostAsJsonAsync("/api/v1/datasets", Shapes("shapes-gone", 3), stop)).StatusCode == HttpStatusCode.Created, Stop);
        Assert.DoesNotContain(app.Training.Artifacts.List("datasets/shapes-gone"), key => key.EndsWith("train0.mp4", StringComparison.Ordinal));
        await ProblemAsync(await app.Client.DeleteAsync("/api/v1/datasets/library", Stop), 409, "dataset-not-deletable");
        await ProblemAsync(await app.Client.DeleteAsync("/api/v1/datasets/nobody", Stop), 404, "dataset-not-found");
    }

    private async Task RefusedAsync(DatasetRequest request, int status, string code) => await ProblemAsync(await app.Client.PostAsJsonAsync("/api/v1/datasets", request, Stop), status, code);

    internal static async Task ProblemAsync(HttpResponseMessage response, int status, string code)
    {
        Assert.Equal((status, code), ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("code").GetString()));
    }
}
