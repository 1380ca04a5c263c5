using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Testing;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Evaluations;
using DemoVlp.Training.Registry;
using DemoVlp.Training.Scoring;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.Training.Tests;

public sealed class EvaluationTests
{
    private const string Retrieval = BuiltInModels.Retrieval, Answering = BuiltInModels.QuestionAnswering;
    private static readonly string[] Captions = ["a red circle", "a blue square", "a dog runs", "a green ball"];
    private static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "blue", "green", "what", "color"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Evaluation_OfRetrieval_MeasuresEveryCaptionAgainstEveryClipAndSaysOnWhat()
    {
        using var app = new TrainingApp();
        var client = await StartAsync(app);

        var queued = await PostAsync(client, new EvaluationRequest { Model = Retrieval, Dataset = "library" });
        var done = await EndAsync(client, queued.Id);

        Assert.Equal((RunState.Completed, null), (done.State, done.Failure?.Detail));
        Assert.Equal((Retrieval, "library", "train", "retrieval", 4, 0), (done.Model, done.Dataset, done.Split, done.Task, done.Samples, done.Missing));
        Assert.Equal(64, done.DatasetFingerprint!.Length);
        var (text, video) = (done.Metrics!.TextToVideo!, done.Metrics.VideoToText!);
        Assert.Contains(text.R1, new[] { 0.0, 25, 50, 75, 100 });
        Assert.Equal((100, 100), (text.R5, video.R10));
        Assert.InRange(text.MeanRank, 1, 4);
        Assert.InRange(text.R1, text.R1Interval95![0], text.R1Interval95[1]);
        Assert.NotNull(done.Metrics.ReferenceCompatible!.TextToVideo);
        Assert.InRange(done.Metrics.Ties!.Optimistic.TextToVideo.R1, text.R1, 100);

        // The same again is the same; other data is not.
        var again = await EndAsync(client, (await PostAsync(client, new EvaluationRequest { Dataset = "library", Split = "train" })).Id);
        Assert.Equal((done.DatasetFingerprint, text.MeanRank), (again.DatasetFingerprint, again.Metrics!.TextToVideo!.MeanRank));
        Assert.Equal([again.Id, done.Id], (await client.GetFromJsonAsync<Page<Evaluation>>($"/api/v1/evaluations?model={Retrieval}", Stop))!.Items.Select(e => e.Id));
        var artifacts = app.Services.GetRequiredService<IArtifactStore>();
        Assert.Empty(artifacts.List("evaluations").Concat(artifacts.List("corpora")));
    }

    [Fact]
    public async Task Evaluation_WhenFeaturesAreMissing_FailsAndGivesNoMetrics()
    {
        using var app = new TrainingApp();
        var client = await StartAsync(app);
        var first = new Guid(1, 0, 0, new byte[8]);
        app.Services.GetRequiredService<IArtifactStore>().Delete(VideoArtifacts.Regions(first));

        var done = await EndAsync(client, (await PostAsync(client, new EvaluationRequest { Model = Retrieval, Dataset = "library" })).Id);

        Assert.Equal((RunState.Failed, "feature-missing", null), (done.State, done.Failure!.Code, done.Metrics));
        Assert.Contains(first.ToString(), done.Failure.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluation_WhenTheTextsCannotBeTokenised_FailsWithTheReason()
    {
        using var app = new TrainingApp();
        app.Neighbours.TokenizationFailure = "bad-vocabulary";
        var client = await StartAsync(app);

        var done = await EndAsync(client, (await PostAsync(client, new EvaluationRequest { Model = Retrieval, Dataset = "library" })).Id);

        Assert.Equal((RunState.Failed, "bad-vocabulary"), (done.State, done.Failure!.Code));
    }

    [Fact]
    public async Task Evaluation_WhenEveryAttemptMeetsAFault_FailsAndSaysByWhatInTheLogAlone()
    {
        using var app = new TrainingApp();
        var client = await StartAsync(app);
        var id = Guid.CreateVersion7();
        await app.InDatabaseAsync(db =>
        {
            db.Models.Add(new ModelRow { Version = "lost", Task = "retrieval", Origin = "imported", Directory = "models/lost", Description = "Its files are gone.", CreatedAt = DateTime.UtcNow, Announced = true });
            db.Evaluations.Add(new EvaluationRow { Id = id, State = RunState.Queued, Model = "lost", Dataset = "library", Split = "train", Task = EvaluationTask.Retrieval, CreatedAt = DateTime.UtcNow, Attempts = 2 });
            return db.SaveChangesAsync(Stop);
        });

        var done = await EndAsync(client, id);

        Assert.Equal((RunState.Failed, "too-many-attempts"), (done.State, done.Failure!.Code));
        Assert.DoesNotContain("models/lost", done.Failure.Detail, StringComparison.Ordinal);
        Assert.Contains(app.Warnings.Messages, m => m.Contains(id.ToString(), StringComparison.Ordinal) && m.Contains("models/lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Evaluation_WhenASplitHasNothingOfTheTask_FailsInsteadOfScoringNothing()
    {
        using var app = new TrainingApp();
        var client = await StartAsync(app);

        foreach (var task in new[] { EvaluationTask.MultipleChoice, EvaluationTask.QuestionAnswering })
        {
            var done = await EndAsync(client, (await PostAsync(client, new EvaluationRequest { Dataset = "library", Task = task, Model = task == EvaluationTask.MultipleChoice ? Retrieval : Answering })).Id);
            Assert.Equal((RunState.Failed, "nothing-to-measure", 0), (done.State, done.Failure!.Code, done.Samples));
        }
    }

    [Fact]
    public async Task Evaluation_WhenTheRequestCannotBeMet_IsRefused()
    {
        using var app = new TrainingApp();
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);

        await RefusedAsync("unknown-model", new EvaluationRequest { Model = "absent", Dataset = "library" });
        await RefusedAsync("unknown-model", new EvaluationRequest { Model = "a\0b", Dataset = "library" });
        await RefusedAsync("unknown-dataset", new EvaluationRequest { Model = Retrieval, Dataset = "absent" });
        await RefusedAsync("unknown-dataset", new EvaluationRequest { Model = Retrieval, Dataset = "a\0b" });
        await RefusedAsync("unknown-dataset", new EvaluationRequest { Model = Retrieval });
        await RefusedAsync("unknown-split", new EvaluationRequest { Model = Retrieval, Dataset = "library", Split = "test" });
        await RefusedAsync("bad-task", new EvaluationRequest { Model = Retrieval, Dataset = "library", Task = "guessing" });
        await RefusedAsync("task-mismatch", new EvaluationRequest { Model = Retrieval, Dataset = "library", Task = EvaluationTask.QuestionAnswering });
        await RefusedAsync("task-mismatch", new EvaluationRequest { Model = Answering, Dataset = "library", Task = EvaluationTask.MultipleChoice });

        async Task RefusedAsync(string code, EvaluationRequest request)
        {
            var response = await client.PostAsJsonAsync("/api/v1/evaluations", request, Stop);
            Assert.Equal((HttpStatusCode.BadRequest, code), (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("code").GetString()));
        }
    }

    [Fact]
    public async Task Evaluation_WhenCancelled_EndsAndSaysSoToWhoeverWatches()
    {
        using var app = new TrainingApp();
        app.Neighbours.Tokenizes = false;
        var client = await StartAsync(app);
        var id = (await PostAsync(client, new EvaluationRequest { Model = Retrieval, Dataset = "library" })).Id;
        await Eventually.TrueAsync("it waits for its texts", async stop => (await GetAsync(client, id, stop)).Phase == "tokenizing", Stop);
        var watching = client.GetStringAsync($"/api/v1/evaluations/{id}/events", Stop);

        Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync($"/api/v1/evaluations/{id}/cancel", null, Stop)).StatusCode);

        Assert.Equal(RunState.Cancelled, (await EndAsync(client, id)).State);
        Assert.Contains("\"state\":\"cancelled\"", await watching.WaitAsync(TimeSpan.FromSeconds(30), Stop), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await client.PostAsync($"/api/v1/evaluations/{id}/cancel", null, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/v1/evaluations/{Guid.NewGuid()}", Stop)).StatusCode);
    }

    [Fact]
    public async Task Evaluation_WhenItsProcessDied_IsBegunAnewByTheNext()
    {
        using var folder = new TemporaryFolder();
        Guid id;
        using (var app = new TrainingApp(folder))
        {
            app.Neighbours.Tokenizes = false;
            var client = await StartAsync(app);
            id = (await PostAsync(client, new EvaluationRequest { Model = Retrieval, Dataset = "library" })).Id;
            await Eventually.TrueAsync("it is at work", async stop => (await GetAsync(client, id, stop)).Phase == "tokenizing", Stop);
        }
        // As a killed process leaves it: leased by somebody who is no more.
        using var next = new TrainingApp(folder);
        await next.InDatabaseAsync(db => db.Evaluations.ExecuteUpdateAsync(set => set
            .SetProperty(e => e.State, RunState.Running).SetProperty(e => e.LeaseOwner, "dead").SetProperty(e => e.LeaseUntil, DateTime.UtcNow.AddSeconds(-1)), Stop));

        Assert.Equal(RunState.Completed, (await EndAsync(next.CreateClient(), id)).State);
    }

    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task Evaluation_OnPostgreSql_IsTakenByOneWorkerMeasuredAndListed()
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(Stop);
        await using (var migrating = new PostgresTrainingDbContext(new DbContextOptionsBuilder<PostgresTrainingDbContext>()
            .UseNpgsql(database.ConnectionString, npgsql => npgsql.MigrationsHistoryTable("__ef_migrations", "training")).Options))
            await migrating.Database.MigrateAsync(Stop);
        using var app = new TrainingApp(settings: new() { ["Database:Provider"] = "postgres", ["Database:ConnectionString"] = database.ConnectionString });
        app.Neighbours.Tokenizes = false;
        var client = await StartAsync(app);
        var request = new EvaluationRequest { Model = Retrieval, Dataset = "library" };
        var first = await PostAsync(client, request);
        await Eventually.TrueAsync("the worker is busy", async stop => (await GetAsync(client, first.Id, stop)).Phase == "tokenizing", Stop);
        var second = await PostAsync(client, request);
        var leases = app.Services.GetRequiredService<EvaluationLeases>();
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => leases.ClaimAsync($"worker {i}", Stop)));
        Assert.Equal(second.Id, Assert.Single(claims.OfType<EvaluationRow>()).Id);

        app.Neighbours.Tokenizes = true;
        Assert.Equal(RunState.Completed, (await EndAsync(client, first.Id)).State);
        var page = (await client.GetFromJsonAsync<Page<Evaluation>>("/api/v1/evaluations?limit=1&dataset=library", Stop))!;
        var rest = (await client.GetFromJsonAsync<Page<Evaluation>>($"/api/v1/evaluations?limit=1&dataset=library&cursor={page.NextCursor}", Stop))!;
        Assert.Equal([second.Id, first.Id], [page.Items.Single().Id, rest.Items.Single().Id]);
        var model = (await client.GetFromJsonAsync<Model>($"/api/v1/models/{Retrieval}", Stop))!;
        Assert.Equal(first.Id, Assert.Single(model.Metrics).Evaluation);
        Assert.Contains("textToVideo.r1", await client.GetStringAsync($"/api/v1/models/{Retrieval}/card", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task QuestionScoring_WhenAnAnswerIsUnknownToTheModel_CountsItAsMissed()
    {
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 8, ["red", "blue"], seed: 1, numFrames: 2, objectNum: 3);
        using var model = QuestionAnsweringModel.Load(folder.Path);
        // Whatever the model says to a clip is made the right answer of its first question; "purple" it cannot say.
        var clips = Enumerable.Range(0, 20).Select(i => new Clip
        {
            Id = $"clip-{i}", Regions = new ClipRegions(null, "here"),
            Questions = [new("what color", model.Answer(Frames(i), [2, 8, 9, 3], 1).Answers[0].Answer, "color"), new("what", "purple", "what")],
        }).ToList();

        var texts = QuestionScoring.Texts(clips).ToList();
        var metrics = QuestionScoring.Score(model, clips, i => texts[i] == "what" ? [2, 8, 3] : [2, 8, 9, 3], ReadAsync, null, Stop);

        Assert.Equal((0.5, 40), (metrics.Overall.Accuracy, metrics.Overall.Count));
        Assert.Equal((1.0, 0.0), (metrics.ByType["color"].Accuracy, metrics.ByType["what"].Accuracy));
        var missing = clips.Append(new Clip { Id = "gone", Questions = [new("what", "red", "what")], Missing = "never extracted" }).ToList();
        var error = Assert.Throws<ModelFormatException>(() => QuestionScoring.Score(model, missing, _ => [2, 8, 3], ReadAsync, null, Stop));
        Assert.Equal("feature-missing", error.Code);
        Assert.Contains("gone", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<OperationCanceledException>(() => Task.Run(() => QuestionScoring.Score(model, clips, _ => [2, 8, 3], ReadAsync, null, new CancellationToken(true)), Stop));
    }

    [Fact]
    public void ChoiceScoring_OfClipsWithSeveralChoices_ChoosesAsTheSearchModelScores()
    {
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 8, seed: 1, numFrames: 2, objectNum: 3);
        using var model = RetrievalModel.Load(folder.Path);
        int[][] words = [[2, 4, 5, 3], [2, 4, 6, 3], [2, 4, 7, 3]];
        int Best(int clip) => model.ScoreOptions(model.EmbedVideo(Frames(clip)), model.EmbedTexts(words)) is var scores ? Array.IndexOf(scores, scores.Max()) : 0;
        string[] options = ["a red", "a blue", "a green"];
        // The model is right about the first choice of each clip and wrong about the second.
        var clips = Enumerable.Range(0, 18).Select(i => new Clip
        {
            Id = $"clip-{i}", Regions = new ClipRegions(null, "here"), Choices = [new(options, Best(i)), new(options, (Best(i) + 1) % 3)],
        }).ToList();

        var report = ChoiceScoring.Score(model, clips, i => words[i % 3], ReadAsync, null, Stop);

        Assert.Equal((0.5, 36), (report.Intended.Accuracy, report.Intended.Count));
        Assert.Equal(6 * 18, ChoiceScoring.Texts(clips).Count());
        Assert.Equal(0.5, EvaluationReports.Describe(report).Accuracy);
    }

    private static Task<IReadOnlyList<FrameRegions>> ReadAsync(Clip clip, CancellationToken cancellationToken) =>
        Task.FromResult(Frames(int.Parse(clip.Id[5..], System.Globalization.CultureInfo.InvariantCulture)));

    private static IReadOnlyList<FrameRegions> Frames(int clip)
    {
        var random = new Random(clip);
        return [.. Enumerable.Range(0, 2).Select(f => new FrameRegions(f, f, 64, 48, [.. Enumerable.Range(0, 3 * 8).Select(_ => random.NextSingle() * 4 - 2)],
            [.. Enumerable.Range(0, 3).SelectMany(r => new float[] { r, r, r + 10, r + 20 })], [1, 2, 3], [0.9f, 0.8f, 0.7f], [1, 1, 1], [0.5f, 0.5f, 0.5f]))];
    }

    private static async Task<HttpClient> StartAsync(TrainingApp app)
    {
        app.Neighbours.Index = "rebuild";
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await app.AddClipsAsync(Captions, Stop);
        return client;
    }

    private static async Task<Evaluation> PostAsync(HttpClient client, EvaluationRequest request)
    {
        var response = await client.PostAsJsonAsync("/api/v1/evaluations", request, Stop);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var evaluation = (await response.Content.ReadFromJsonAsync<Evaluation>(Stop))!;
        Assert.Equal($"/api/v1/evaluations/{evaluation.Id}", response.Headers.Location!.ToString());
        return evaluation;
    }

    private static async Task<Evaluation> GetAsync(HttpClient client, Guid id, CancellationToken stop) => (await client.GetFromJsonAsync<Evaluation>($"/api/v1/evaluations/{id}", stop))!;

    private static Task<Evaluation> EndAsync(HttpClient client, Guid id) => Eventually.ValueAsync<Evaluation>("the evaluation has ended",
        async stop => await GetAsync(client, id, stop) is { EndedAt: not null } ended ? ended : null, Stop, TimeSpan.FromMinutes(2));
}
