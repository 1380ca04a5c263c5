using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Reflection;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Training;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Testing;
using DemoVlp.Training.Data;
using DemoVlp.Training.Registry;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.Training.Tests;

public sealed class TrainingRunTests
{
    private static readonly string[] Captions =
        ["a red circle moves left", "a blue square moves right", "a green star stands still", "a yellow heart goes up", "a white cross goes down", "a purple ring is circling"];

    private static readonly TrainingRunRequest Request = new() { Task = "retrieval", Dataset = "library", Epochs = 20, BatchSize = 3, LearningRate = 1e-3, Seed = 5 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_OnACaptionedLibrary_LearnsAndLeavesAModelThatIsNotActive()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var run = await TrainingApp.StartAsync(client, Request, Stop);

        var seen = await WatchAsync(client, run.Id);

        var end = seen[^1];
        Assert.True(end.State == RunState.Completed, $"{end.State} {end.Failure}");
        Assert.Equal((40, 40, 20), (end.Step, end.TotalSteps, end.Epoch));
        var losses = await app.InDatabaseAsync(db => db.Runs.Where(r => r.Id == run.Id).Select(r => r.Losses).SingleAsync(Stop));
        Assert.Equal(losses["total"], losses["global"] + losses["local"], 3);
        // The same run cut after its first pass: the weights have hardly moved.
        var beginning = await EndAsync(client, (await TrainingApp.StartAsync(client, Request with { Epochs = 1, LearningRate = 1e-6 }, Stop)).Id, RunState.Completed);
        Assert.True(losses["total"] < beginning.Losses["total"] / 2, $"The loss went from {beginning.Losses["total"]} to {losses["total"]} only.");
        Assert.NotEqual(end.ModelVersion, beginning.ModelVersion);
        Assert.True(await app.Bus.Published.Any<TrainingStarted>(m => m.Context.Message is { TotalSteps: 40 } started && started.RunId == run.Id, Stop));
        await Eventually.TrueAsync("the end is published",
            stop => app.Bus.Published.Any<TrainingCompleted>(m => m.Context.Message.RunId == run.Id && m.Context.Message.ModelVersion == end.ModelVersion, stop), Stop);
        Assert.True(await app.Bus.Published.Any<ModelRegistered>(m => m.Context.Message.ModelVersion == end.ModelVersion, Stop));

        var model = (await TrainingApp.ModelsAsync(client, Stop)).Single(m => m.Version == end.ModelVersion);
        Assert.Equal(("trained", run.Id, false, (string?)null), (model.Origin, model.RunId, model.Active, model.Activation));
        using var loaded = ModelDirectory.Load(app.Services.GetRequiredService<IArtifactStore>().GetLocalDirectory(VideoArtifacts.Model(model.Version)));
        Assert.Equal(256, loaded.Config.ObjectConfig.FeatureDim);
        // The card in the model's directory tells of the whole run.
        var card = await client.GetStringAsync($"/api/v1/models/{end.ModelVersion}/files/README.md", Stop);
        Assert.Contains("40 steps", card, StringComparison.Ordinal);
        Assert.Contains($"6 samples of 6 clips, data fingerprint {end.Record!.Fingerprint}", card, StringComparison.Ordinal);
        Assert.Contains("core-hours", card, StringComparison.Ordinal);
        var code = typeof(TrainingOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        Assert.Equal(code, end.Record.CodeVersion);
        Assert.Contains(code, card, StringComparison.Ordinal);
        // What it stepped by, in the record and on the card.
        var optimizer = end.Record.Optimizer!;
        Assert.Equal(("adamw-torch", 1e-8, 0.01, 1.0), (optimizer.Rule, optimizer.Epsilon, optimizer.WeightDecay, optimizer.MaxGradientNorm));
        Assert.Equal([0.9, 0.999], optimizer.Betas);
        Assert.Equal(("warmup-linear", 4, "float32", Environment.ProcessorCount), (optimizer.Schedule, optimizer.WarmupSteps, optimizer.Precision, optimizer.Threads));
        Assert.Contains("adamw-torch, betas 0.9 and 0.999, epsilon 1e-08, weight decay 0.01, gradients clipped to norm 1", card, StringComparison.Ordinal);
        Assert.Contains("warmup-linear, 4 steps of warm-up", card, StringComparison.Ordinal);
        Assert.Contains("**Losses**: global and local", card, StringComparison.Ordinal);
        Assert.Contains("**Stops early**: never", card, StringComparison.Ordinal);
        // Neither checkpoint nor captions: a video deleted from now on leaves none of its words behind.
        await Eventually.TrueAsync("nothing of the run is left but its model", () => FilesOf(app, run.Id).Count == 0, Stop);
    }

    [Fact]
    public async Task Run_BehindAnother_IsQueuedUntilThatHasEndedAndThenRuns()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var first = await TrainingApp.StartAsync(client, Request with { Epochs = 1000 }, Stop);
        var second = await TrainingApp.StartAsync(client, Request with { Epochs = 1 }, Stop);
        await TrainingApp.RunAsync(client, first.Id, "the first runs", r => r.Step > 0, Stop);
        var waiting = await TrainingApp.RunAsync(client, second.Id, "the second is there", _ => true, Stop);
        Assert.Equal((RunState.Queued, 0, null), (waiting.State, waiting.Step, waiting.StartedAt));

        (await client.PostAsync($"/api/v1/training-runs/{first.Id}/cancel", null, Stop)).EnsureSuccessStatusCode();
        var (before, after) = (await EndAsync(client, first.Id, RunState.Cancelled), await EndAsync(client, second.Id, RunState.Completed));

        Assert.True(after.StartedAt >= before.EndedAt, $"The second began at {after.StartedAt:O}, the first ended at {before.EndedAt:O}.");
        Assert.Equal(2, after.Step);
    }

    [Fact]
    public async Task Run_WhenItsWorkerIsLostBetweenCheckpoints_EndsBitForBitAsIfItHadNotBeen()
    {
        using var app = new TrainingApp(settings: new() { ["Training:CheckpointSteps"] = "7" });
        var client = await ReadyAsync(app);
        var request = Request with { Epochs = 30 };
        var undisturbed = await TrainingApp.StartAsync(client, request, Stop);
        var expected = await EndAsync(client, undisturbed.Id, RunState.Completed);

        var disturbed = await TrainingApp.StartAsync(client, request, Stop);
        await Eventually.TrueAsync("it has written a checkpoint",
            () => app.Services.GetRequiredService<IArtifactStore>().List($"runs/{disturbed.Id:n}").Any(k => k.EndsWith("last.safetensors", StringComparison.Ordinal)), Stop, TimeSpan.FromMinutes(1));
        // Somebody else takes it and is never heard of again: the first worker stops without a checkpoint, and the run is free.
        var taken = await app.InDatabaseAsync(db => db.Runs.Where(r => r.Id == disturbed.Id && r.State == RunState.Running).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.LeaseOwner, "somebody else").SetProperty(r => r.LeaseUntil, DateTime.UtcNow.AddSeconds(-1)).SetProperty(r => r.Version, r => r.Version + 1), Stop));
        Assert.Equal(1, taken);
        var actual = await EndAsync(client, disturbed.Id, RunState.Completed);

        Assert.Equal(expected.Losses, actual.Losses);
        Assert.Equal(await WeightsAsync(app, expected.ModelVersion!), await WeightsAsync(app, actual.ModelVersion!));
    }

    [Fact]
    public async Task Run_WhenEveryAttemptMeetsAFault_FailsAndSaysByWhatInTheLogAlone()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var id = Guid.NewGuid();
        await app.InDatabaseAsync(db =>
        {
            db.Models.Add(new ModelRow { Version = "lost", Task = "retrieval", Origin = "imported", Directory = "models/lost", Description = "Its files are gone.", CreatedAt = DateTime.UtcNow, Announced = true });
            db.Runs.Add(new RunRow
            {
                Id = id, State = RunState.Queued, Task = "retrieval", Dataset = "library", BaseModel = "lost", Epochs = 1, BatchSize = 2, LearningRate = 1e-3, CreatedAt = DateTime.UtcNow, Attempts = 4,
            });
            return db.SaveChangesAsync(Stop);
        });

        var end = await EndAsync(client, id, RunState.Failed);

        Assert.Equal("too-many-attempts", end.Failure!.Code);
        Assert.DoesNotContain("models/lost", end.Failure.Detail, StringComparison.Ordinal);
        Assert.Contains(app.Warnings.Messages, m => m.Contains(id.ToString(), StringComparison.Ordinal) && m.Contains("models/lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_WhenTheHostStops_IsTakenUpFromItsCheckpointByTheNextOne()
    {
        using var folder = new TemporaryFolder();
        Guid id;
        int reached;
        using (var app = new TrainingApp(folder))
        {
            var client = await ReadyAsync(app);
            id = (await TrainingApp.StartAsync(client, Request with { Epochs = 200 }, Stop)).Id;
            reached = (await TrainingApp.RunAsync(client, id, "it has taken some steps", r => r.Step > 3, Stop)).Step;
        }
        using var next = new TrainingApp(folder);
        var resumed = await TrainingApp.RunAsync(next.CreateClient(), id, "it goes on", r => r.State == RunState.Running && r.Phase == RunPhase.Training, Stop);
        Assert.InRange(resumed.Step, reached, 400);
        Assert.NotNull((await next.CreateClient().PostAsync($"/api/v1/training-runs/{id}/cancel", null, Stop)).EnsureSuccessStatusCode());
        var end = await EndAsync(next.CreateClient(), id, RunState.Cancelled);
        await Eventually.TrueAsync("only its checkpoint is left", () => FilesOf(next, id) is [var file] && file.EndsWith("last.safetensors", StringComparison.Ordinal), Stop);
        Assert.Null(end.ModelVersion);
    }

    [Theory]
    [InlineData("2", "2")]
    [InlineData("2", "1")]
    public async Task Run_WhenResumedWithAnotherNumberOfThreads_SaysThatItsBitsAreOthers(string before, string after)
    {
        using var folder = new TemporaryFolder();
        Guid id;
        using (var app = new TrainingApp(folder, new() { ["Compute:Threads"] = before }))
        {
            var client = await ReadyAsync(app);
            id = (await TrainingApp.StartAsync(client, Request with { Epochs = 200 }, Stop)).Id;
            var running = await TrainingApp.RunAsync(client, id, "it has taken some steps", r => r.Step > 3, Stop);
            Assert.Null(running.Record!.Notes);
        }
        using var next = new TrainingApp(folder, new() { ["Compute:Threads"] = after });
        var successor = next.CreateClient();
        var left = await TrainingApp.RunAsync(successor, id, "it is there", _ => true, Stop);
        var resumed = await TrainingApp.RunAsync(successor, id, "it goes on", r => r.Step > left.Step, Stop);

        string[] said = [.. resumed.Record!.Notes ?? [], .. next.Warnings.Messages.Where(m => m.Contains("threads", StringComparison.Ordinal))];
        Assert.Equal(after == before ? 0 : 2, said.Length);
        Assert.All(said, sentence => Assert.Contains("bit for bit", sentence, StringComparison.Ordinal));
        (await successor.PostAsync($"/api/v1/training-runs/{id}/cancel", null, Stop)).EnsureSuccessStatusCode();
        await EndAsync(successor, id, RunState.Cancelled);
    }

    [Fact]
    public async Task Run_WhenTheLossIsNoNumberAnyMore_FailsAndKeepsTheLastCheckpointForAModel()
    {
        using var app = new TrainingApp(settings: new() { ["Training:CheckpointSteps"] = "1" });
        var client = await ReadyAsync(app);
        var sick = await AddSickModelAsync(app, "purple");
        // Two of six clips a step: the sick word is met within three steps, with this seed not in the first.
        var run = await TrainingApp.StartAsync(client, Request with { BaseModel = sick, BatchSize = 2, Seed = 5 }, Stop);

        var end = await EndAsync(client, run.Id, RunState.Failed);

        Assert.Equal("diverged", end.Failure?.Code);
        Assert.InRange(end.Step, 1, 2);
        Assert.Null(end.ModelVersion);
        Assert.Single(app.Services.GetRequiredService<IArtifactStore>().List($"runs/{run.Id:n}"), k => k.EndsWith("last.safetensors", StringComparison.Ordinal));
        Assert.Contains("POST /api/v1/models", end.Failure!.Detail, StringComparison.Ordinal);
        var response = await client.PostAsJsonAsync("/api/v1/models", new ModelImportRequest { Run = run.Id, Name = "kept" }, Stop);
        var model = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Model>(Stop))!;
        Assert.Equal(("kept", "trained", run.Id), (model.Version, model.Origin, model.RunId));
        Assert.Contains($"(diverged), its weights after step {end.Step} ", model.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenTokenisationFails_FailsWithItsCode()
    {
        using var app = new TrainingApp();
        app.Neighbours.TokenizationFailure = "bad-vocabulary";
        var client = await ReadyAsync(app);
        var run = await TrainingApp.StartAsync(client, Request, Stop);
        Assert.Equal("bad-vocabulary", (await EndAsync(client, run.Id, RunState.Failed)).Failure?.Code);
        await Eventually.TrueAsync("its captions are gone", () => FilesOf(app, run.Id).Count == 0, Stop);
    }

    [Fact]
    public async Task Run_WhenThePrecisionIsBFloat16_LearnsAndSaysSoWithItsModel()
    {
        using var app = new TrainingApp(settings: new() { ["Compute:Precision"] = "bfloat16" });
        var client = await ReadyAsync(app);
        var end = await EndAsync(client, (await TrainingApp.StartAsync(client, Request with { Epochs = 2 }, Stop)).Id, RunState.Completed);
        var model = (await TrainingApp.ModelsAsync(client, Stop)).Single(m => m.Version == end.ModelVersion);
        Assert.Contains("bfloat16", model.Description);
    }

    [Theory]
    [InlineData("Compute:Precision", "half")]
    [InlineData("Compute:Threads", "0")]
    public void Start_WhenAComputeSettingIsNone_IsRefused(string key, string value)
    {
        using var app = new TrainingApp(settings: new() { [key] = value });
        Assert.Equal("compute-setting-invalid", Assert.Throws<Modeling.ComputeSettingException>(() => app.Services).Code);
    }

    [Fact]
    public async Task Run_WhenAVideoIsDeletedMeanwhile_GoesOnWithoutIt()
    {
        using var app = new TrainingApp(settings: new() { ["Training:CacheMegabytes"] = "1" });
        app.Neighbours.Tokenizes = false;
        var client = await ReadyAsync(app);
        var run = await TrainingApp.StartAsync(client, Request with { Epochs = 2 }, Stop);
        await TrainingApp.RunAsync(client, run.Id, "its clips are settled", r => r.Phase == RunPhase.Tokenizing, Stop);
        await Eventually.TrueAsync("its captions are sent", () => !app.Neighbours.Corpora.IsEmpty, Stop);
        var artifacts = app.Services.GetRequiredService<IArtifactStore>();
        artifacts.Delete(VideoArtifacts.Regions(new Guid(1, 0, 0, new byte[8])));
        app.Neighbours.Tokenizes = true;
        // What the sweep of the run itself does after some seconds.
        await app.PublishAsync(app.Neighbours.Corpora.First(), Stop);

        Assert.Equal(4, (await EndAsync(client, run.Id, RunState.Completed)).Step);
    }

    // Besides the curves to look at, which stay and hold no words.
    private static List<string> FilesOf(TrainingApp app, Guid runId) =>
        [.. new[] { "runs", "corpora" }.SelectMany(folder => app.Services.GetRequiredService<IArtifactStore>().List($"{folder}/{runId:n}"))
            .Where(k => !k.Contains("/tensorboard/", StringComparison.Ordinal) && !k.EndsWith("/history.json", StringComparison.Ordinal))];

    private static async Task<HttpClient> ReadyAsync(TrainingApp app)
    {
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await app.AddClipsAsync(Captions, Stop);
        return client;
    }

    private static async Task<TrainingRun> EndAsync(HttpClient client, Guid id, string state)
    {
        var end = await TrainingApp.RunAsync(client, id, "the run ends", r => r.EndedAt is not null, Stop);
        Assert.True(end.State == state, $"{end.State} {end.Failure}");
        return end;
    }

    private static async Task<List<TrainingRun>> WatchAsync(HttpClient client, Guid id)
    {
        await using var stream = await client.GetStreamAsync($"/api/v1/training-runs/{id}/events", Stop);
        var seen = new List<TrainingRun>();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Stop))
            seen.Add(JsonSerializer.Deserialize<TrainingRun>(item.Data, JsonSerializerOptions.Web)!);
        return seen;
    }

    private static Task<byte[]> WeightsAsync(TrainingApp app, string version) =>
        File.ReadAllBytesAsync(Path.Combine(app.Services.GetRequiredService<IArtifactStore>().GetLocalDirectory(VideoArtifacts.Model(version)), "model.safetensors"), Stop);

    /// <summary>The built-in model, but one word's embedding is beyond what the model can compute with.</summary>
    private static async Task<string> AddSickModelAsync(TrainingApp app, string word)
    {
        const string version = "sick-1";
        using var folder = new TemporaryFolder();
        using var healthy = ModelDirectory.Load(app.Services.GetRequiredService<IArtifactStore>().GetLocalDirectory(VideoArtifacts.Model(BuiltInModels.Retrieval)));
        var embeddings = ModelWeights.Of(healthy.Network).Single(p => p.Name == "text_model.embeddings.word_embeddings.weight").Value;
        using (TorchSharp.torch.no_grad()) embeddings[healthy.Vocabulary.ToList().IndexOf(word)].fill_(float.MaxValue); // Finite, as a model that loads has to be; its norm is not.
        ModelDirectory.Save(folder.Path, healthy.Config, healthy.Network, healthy.Vocabulary);
        await app.InScopeAsync<Registry.ModelRegistry, bool>(registry => registry.AddAsync(new ModelRow
        {
            Version = version, Task = "retrieval", Origin = "imported", Directory = VideoArtifacts.Model(version), Description = "Sick.", CreatedAt = DateTime.UtcNow,
        }, folder.Path, Stop));
        return version;
    }
}
