using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Training;
using DemoVlp.Testing;
using DemoVlp.Training.Registry;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Tests;

public sealed class RunRequestTests(RunRequestTests.App app) : IClassFixture<RunRequestTests.App>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{ "dataset": "library" }""", 400, "bad-task")]
    [InlineData("""{ "task": "dancing", "dataset": "library" }""", 400, "bad-task")]
    [InlineData("""{ "task": "question-answering", "dataset": "library" }""", 409, "dataset-has-no-questions")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "patience": 0 }""", 400, "bad-patience")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "patience": 3, "validate": false }""", 400, "bad-patience")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "losses": "none" }""", 400, "bad-losses")]
    [InlineData("""{ "task": "question-answering", "dataset": "library", "losses": "global" }""", 400, "bad-losses")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "questionTypes": ["color"] }""", 400, "bad-question-types")]
    [InlineData("""{ "task": "question-answering", "dataset": "library", "questionTypes": [] }""", 400, "bad-question-types")]
    [InlineData("""{ "task": "question-answering", "dataset": "library", "questionTypes": ["color", null] }""", 400, "bad-question-types")]
    [InlineData("""{ "task": "question-answering", "dataset": "library", "questionTypes": [""] }""", 400, "bad-question-types")]
    [InlineData("""{ "task": "question-answering", "dataset": "library", "questionTypes": ["a\u0000"] }""", 400, "bad-question-types")]
    [InlineData("""{ "task": "question-answering", "dataset": "library", "questionTypes": ["color", "color"] }""", 400, "bad-question-types")]
    [InlineData("""{ "task": "question-answering", "dataset": "library", "questionTypes": ["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"] }""", 400, "bad-question-types")]
    [InlineData("""{ "task": "retrieval" }""", 400, "unknown-dataset")]
    [InlineData("""{ "task": "retrieval", "dataset": "../etc" }""", 400, "unknown-dataset")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "epochs": 0 }""", 400, "bad-epochs")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "epochs": 1001 }""", 400, "bad-epochs")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "batchSize": 1 }""", 400, "bad-batch-size")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "learningRate": 0 }""", 400, "bad-learning-rate")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "seed": -1 }""", 400, "bad-seed")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "baseModel": "nobody" }""", 400, "unknown-model")]
    [InlineData("""{ "task": "retrieval", "dataset": "library", "baseModel": "a\u0000b" }""", 400, "unknown-model")]
    [InlineData("""{ "task": "retrieval", "dataset": "lib\u0000rary" }""", 400, "unknown-dataset")]
    [InlineData("""{ "task": 7 }""", 400, "bad-request")]
    public async Task Start_WhenTheRequestCannotBeMet_SaysWhyWithAStableCode(string body, int status, string code)
    {
        var client = await app.ReadyAsync(Stop);
        var response = await client.PostAsync("/api/v1/training-runs", new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Stop);

        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, await CodeAsync(response));
    }

    [Theory]
    [InlineData("?state=dancing")]
    [InlineData("?state=%00")]
    public async Task Runs_WhenThereIsNoSuchState_IsABadRequest(string filter)
    {
        var response = await (await app.ReadyAsync(Stop)).GetAsync($"/api/v1/training-runs{filter}", Stop);
        Assert.Equal((HttpStatusCode.BadRequest, "bad-request"), (response.StatusCode, await CodeAsync(response)));
    }

    [Fact]
    public async Task Start_WhenTheLibraryHasOneClip_IsRefusedAsTooSmall()
    {
        using var own = new TrainingApp();
        var client = own.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await own.AddClipsAsync(["a red circle"], Stop);

        var response = await client.PostAsJsonAsync("/api/v1/training-runs", new TrainingRunRequest { Task = "retrieval", Dataset = "library" }, Stop);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("dataset-too-small", await CodeAsync(response));
    }

    [Fact]
    public async Task StartTraining_WhenSentTwice_IsOneRun()
    {
        await app.ReadyAsync(Stop);
        var command = new StartTraining { RunId = NewId.NextGuid(), Task = "retrieval", Dataset = "library", Epochs = 3 };
        await app.Training.PublishAsync(command, Stop);
        await app.Training.PublishAsync(command, Stop);
        await app.Training.PublishAsync(command with { Epochs = 5 }, Stop);

        var client = app.Training.CreateClient();
        await Eventually.TrueAsync("the run is there", async stop => (await client.GetAsync($"/api/v1/training-runs/{command.RunId}", stop)).IsSuccessStatusCode, Stop);
        await app.Training.Bus.InactivityTask;
        Assert.Equal(3, (await client.GetFromJsonAsync<TrainingRun>($"/api/v1/training-runs/{command.RunId}", Stop))!.Epochs);
        Assert.Equal(1, await app.Training.InDatabaseAsync(db => db.Runs.CountAsync(r => r.Id == command.RunId, Stop)));
    }

    [Fact]
    public async Task StartTraining_WhenItCannotBeMet_IsAFailedRunThatIsAnnounced()
    {
        var client = await app.ReadyAsync(Stop);
        var command = new StartTraining { RunId = NewId.NextGuid(), Task = "retrieval", Dataset = "nothing" };
        await app.Training.PublishAsync(command, Stop);

        var run = await Eventually.ValueAsync<TrainingRun>("the run is entered", async stop =>
            await client.GetAsync($"/api/v1/training-runs/{command.RunId}", stop) is { IsSuccessStatusCode: true } r ? await r.Content.ReadFromJsonAsync<TrainingRun>(stop) : null, Stop);
        Assert.Equal((RunState.Failed, "unknown-dataset"), (run.State, run.Failure?.Code));
        await Eventually.TrueAsync("its end is published",
            stop => app.Training.Bus.Published.Any<TrainingFailed>(m => m.Context.Message.RunId == command.RunId && m.Context.Message.Code == "unknown-dataset", stop), Stop);
    }

    [Fact]
    public async Task Runs_WhenOneWaitsBehindAnother_CanBeListedInPagesAndCancelledAtOnce()
    {
        using var own = new TrainingApp();
        own.Neighbours.Tokenizes = false;
        var client = own.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await own.AddClipsAsync(["a red circle", "a blue square"], Stop);
        var request = new TrainingRunRequest { Task = "retrieval", Dataset = "library" };
        var first = await TrainingApp.StartAsync(client, request, Stop);
        await TrainingApp.RunAsync(client, first.Id, "the first waits for its word pieces", r => r.Phase == RunPhase.Tokenizing, Stop);
        var second = await TrainingApp.StartAsync(client, request, Stop);
        Assert.Equal(BuiltInModels.Retrieval, second.BaseModel);

        var page = (await client.GetFromJsonAsync<Page<TrainingRun>>("/api/v1/training-runs?limit=1", Stop))!;
        Assert.Equal(second.Id, Assert.Single(page.Items).Id);
        var rest = (await client.GetFromJsonAsync<Page<TrainingRun>>($"/api/v1/training-runs?limit=1&cursor={page.NextCursor}", Stop))!;
        Assert.Equal(first.Id, Assert.Single(rest.Items).Id);
        Assert.Null(rest.NextCursor);

        var queued = await client.PostAsync($"/api/v1/training-runs/{second.Id}/cancel", null, Stop);
        Assert.Equal(RunState.Cancelled, (await queued.Content.ReadFromJsonAsync<TrainingRun>(Stop))!.State);
        var again = await client.PostAsync($"/api/v1/training-runs/{second.Id}/cancel", null, Stop);
        Assert.Equal((HttpStatusCode.Conflict, "run-ended"), (again.StatusCode, await CodeAsync(again)));

        await own.PublishAsync(new CancelTraining(first.Id), Stop);
        await TrainingApp.RunAsync(client, first.Id, "the running one is cancelled by its worker", r => r.State == RunState.Cancelled, Stop);
        Assert.True(await own.Bus.Published.Any<TrainingCancelled>(m => m.Context.Message.RunId == second.Id, Stop));
    }

    [Theory]
    [InlineData("GET", "/api/v1/training-runs/{0}", "run-not-found")]
    [InlineData("GET", "/api/v1/training-runs/{0}/events", "run-not-found")]
    [InlineData("GET", "/api/v1/training-runs/{0}/losses.svg", "run-not-found")]
    [InlineData("GET", "/api/v1/training-runs/{0}/tensorboard", "run-not-found")]
    [InlineData("POST", "/api/v1/training-runs/{0}/cancel", "run-not-found")]
    [InlineData("GET", "/api/v1/models/{0}", "model-not-found")]
    [InlineData("POST", "/api/v1/models/{0}/activate", "model-not-found")]
    public async Task Any_WhenThereIsNoSuchThing_Is404(string method, string path, string code)
    {
        var client = await app.ReadyAsync(Stop);
        var address = string.Format(System.Globalization.CultureInfo.InvariantCulture, path, Guid.NewGuid());
        var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), address), Stop);
        Assert.Equal((HttpStatusCode.NotFound, code), (response.StatusCode, await CodeAsync(response)));
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("code").GetString();

    public sealed class App : IDisposable
    {
        private bool filled;

        public App() => Training.Neighbours.Tokenizes = false;

        public TrainingApp Training { get; } = new();

        public async Task<HttpClient> ReadyAsync(CancellationToken stop)
        {
            var client = Training.CreateClient();
            await TrainingApp.BuiltInAsync(client, stop);
            if (!filled) await Training.AddClipsAsync(["a red circle", "a blue square"], stop);
            filled = true;
            return client;
        }

        public void Dispose() => Training.Dispose();
    }
}
