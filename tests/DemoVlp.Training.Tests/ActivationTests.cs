using System.Net;
using System.Net.Http.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Testing;
using DemoVlp.Training.Announcements;
using DemoVlp.Training.Data;
using DemoVlp.Training.Registry;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.Training.Tests;

public sealed class ActivationTests
{
    private const string Retrieval = BuiltInModels.Retrieval;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BuiltInModels_WhenTwoReplicasStartAtOnce_AreEnteredAndActivatedOnce()
    {
        using var folder = new TemporaryFolder();
        using var one = new TrainingApp(folder);
        using var other = new TrainingApp(folder);
        var clients = await Task.WhenAll(Task.Run(one.CreateClient, Stop), Task.Run(other.CreateClient, Stop));
        await TrainingApp.BuiltInAsync(clients[0], Stop);
        await TrainingApp.BuiltInAsync(clients[1], Stop);

        Assert.Equal(3, await one.InDatabaseAsync(db => db.Models.CountAsync(Stop)));
        Assert.Equal(2, await one.InDatabaseAsync(db => db.Activations.CountAsync(Stop)));
        var artifacts = one.Services.GetRequiredService<IArtifactStore>();
        using var retrieval = ModelDirectory.Load(artifacts.GetLocalDirectory(VideoArtifacts.Model(Retrieval)));
        using var answering = ModelDirectory.Load(artifacts.GetLocalDirectory(VideoArtifacts.Model(BuiltInModels.QuestionAnswering)));
        Assert.Equal(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], retrieval.Vocabulary.Take(5));
        Assert.Equal(retrieval.Vocabulary.Count, retrieval.Vocabulary.Distinct().Count());
        Assert.Empty(answering.Answers.Except(answering.Vocabulary));
        await Eventually.TrueAsync("both are published", async stop =>
            await AnyAsync(one, other, Retrieval, stop) && await AnyAsync(one, other, BuiltInModels.QuestionAnswering, stop), Stop);
    }

    [Fact]
    public async Task Activation_UntilItIsAnswered_IsPublishedAgainAtGrowingDistances()
    {
        using var app = new TrainingApp();
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await Eventually.TrueAsync("it is published", () => Count(app) == 1, Stop);

        await AnnounceAsync(app);
        Assert.Equal(1, Count(app));
        foreach (var (seconds, times) in new[] { (16, 2), (16, 2), (16, 3), (31, 3), (31, 4) })
        {
            app.Time.Forward(TimeSpan.FromSeconds(seconds));
            await AnnounceAsync(app);
            await Eventually.TrueAsync($"it is published {times} times", () => Count(app) == times, Stop);
        }
        Assert.Single(app.Neighbours.Activations.Where(a => a.ModelVersion == Retrieval).DistinctBy(a => a.ActivationId));

        var asked = app.Neighbours.Activations.First(a => a.ModelVersion == Retrieval);
        await app.PublishAsync(new IndexRebuilt { ActivationId = asked.ActivationId, ModelVersion = asked.ModelVersion, Task = asked.Task, Videos = 0 }, Stop);
        await WaitAsync(client, Retrieval, m => m is { Active: true, Activation: "active" });
        app.Time.Forward(TimeSpan.FromHours(1));
        await AnnounceAsync(app);
        await app.Bus.InactivityTask;
        Assert.Equal(4, Count(app));
    }

    [Fact]
    public async Task Activate_WhenTheIndexIsRebuilt_SwitchesAndCanBeRolledBack()
    {
        using var app = new TrainingApp();
        app.Neighbours.Index = "rebuild";
        var client = await WithSecondModelAsync(app);
        await WaitAsync(client, Retrieval, m => m.Active);

        var response = await client.PostAsync("/api/v1/models/second/activate", null, Stop);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        await WaitAsync(client, "second", m => m.Active);
        await WaitAsync(client, Retrieval, m => m is { Active: false, Activation: null });

        await client.PostAsync($"/api/v1/models/{Retrieval}/activate", null, Stop);
        await WaitAsync(client, Retrieval, m => m.Active);
        await WaitAsync(client, "second", m => !m.Active);
    }

    [Fact]
    public async Task Activate_WhenTheIndexCannotBeRebuilt_FailsAndLeavesTheOldModelActive()
    {
        using var app = new TrainingApp();
        app.Neighbours.Index = "rebuild";
        var client = await WithSecondModelAsync(app);
        await WaitAsync(client, Retrieval, m => m.Active);
        app.Neighbours.Index = "fail";

        await client.PostAsync("/api/v1/models/second/activate", null, Stop);

        await WaitAsync(client, "second", m => m is { Active: false, Activation: "failed" });
        await WaitAsync(client, Retrieval, m => m.Active);
    }

    [Fact]
    public async Task Activate_WhenAskedTwiceOrOvertaken_KeepsOnePendingAndIgnoresLateAnswers()
    {
        using var app = new TrainingApp();
        var client = await WithSecondModelAsync(app);
        var first = await Eventually.ValueAsync("the built-in model is to be activated",
            _ => Task.FromResult(app.Neighbours.Activations.FirstOrDefault(a => a.ModelVersion == Retrieval)), Stop);

        await client.PostAsync("/api/v1/models/second/activate", null, Stop);
        var again = await client.PostAsync("/api/v1/models/second/activate", null, Stop);
        Assert.Equal("activating", (await again.Content.ReadFromJsonAsync<Model>(Stop))!.Activation);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Activations.CountAsync(a => a.Task == "retrieval" && a.State == ActivationState.Pending, Stop)));

        var second = await Eventually.ValueAsync("the second is published",
            _ => Task.FromResult(app.Neighbours.Activations.FirstOrDefault(a => a.ModelVersion == "second")), Stop);
        Assert.True(second.ActivatedAt > first.ActivatedAt);
        await app.PublishAsync(new IndexRebuilt { ActivationId = second.ActivationId, ModelVersion = "second", Task = "retrieval", Videos = 0 }, Stop);
        await WaitAsync(client, "second", m => m.Active);
        await app.PublishAsync(new IndexRebuilt { ActivationId = first.ActivationId, ModelVersion = Retrieval, Task = "retrieval", Videos = 0 }, Stop);
        await app.Bus.InactivityTask;
        await WaitAsync(client, "second", m => m.Active);
        Assert.False((await client.GetFromJsonAsync<Model>($"/api/v1/models/{Retrieval}", Stop))!.Active);
    }

    private static int Count(TrainingApp app) => app.Neighbours.Activations.Count(a => a.ModelVersion == Retrieval);

    private static Task<bool> AnnounceAsync(TrainingApp app) => app.InScopeAsync<Announcer, bool>(async announcer =>
    {
        await announcer.AnnounceAsync(Stop);
        return true;
    });

    private static async Task<bool> AnyAsync(TrainingApp one, TrainingApp other, string version, CancellationToken stop)
    {
        var (here, there) = (one.Neighbours.Activations, other.Neighbours.Activations);
        await Task.Yield();
        stop.ThrowIfCancellationRequested();
        return here.Concat(there).Any(a => a.ModelVersion == version);
    }

    private static Task<Model> WaitAsync(HttpClient client, string version, Func<Model, bool> wished) =>
        Eventually.ValueAsync<Model>($"{version} is as wished", async stop => await client.GetFromJsonAsync<Model>($"/api/v1/models/{version}", stop) is { } m && wished(m) ? m : null, Stop);

    private static async Task<HttpClient> WithSecondModelAsync(TrainingApp app)
    {
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        using var empty = new TemporaryFolder();
        await app.InScopeAsync<ModelRegistry, bool>(registry => registry.AddAsync(new ModelRow
        {
            Version = "second", Task = "retrieval", Origin = "imported", Directory = VideoArtifacts.Model("second"), Description = "Another.", CreatedAt = DateTime.UtcNow,
        }, empty.Path, Stop));
        return client;
    }

    [Fact]
    public async Task Activate_WhenMeasuredWorseOnTheSameData_IsRefusedUnlessForced()
    {
        using var app = new TrainingApp();
        app.Neighbours.Index = "rebuild";
        var client = await WithSecondModelAsync(app);
        await WaitAsync(client, Retrieval, m => m.Active);
        await MeasuredAsync(app, Retrieval, "shapes", 75, fingerprint: "a");
        await MeasuredAsync(app, "second", "shapes", 60, fingerprint: "before the data changed");
        await MeasuredAsync(app, "second", "other", 10, fingerprint: "a");
        Assert.StartsWith("Not compared", await GateAsync(await client.PostAsync("/api/v1/models/second/activate", null, Stop)), StringComparison.Ordinal);
        await WaitAsync(client, "second", m => m.Active);
        await client.PostAsync($"/api/v1/models/{Retrieval}/activate", null, Stop);
        await WaitAsync(client, Retrieval, m => m.Active);

        // 72 against 75: more than the two points that are allowed.
        await MeasuredAsync(app, "second", "shapes", 72, fingerprint: "a");
        // What is measured later, on other data, takes no comparison away.
        await MeasuredAsync(app, Retrieval, "shapes", 50, fingerprint: "b");
        var refused = await client.PostAsync("/api/v1/models/second/activate", null, Stop);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var problem = await refused.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(Stop);
        Assert.Equal("gate-failed", problem.GetProperty("code").GetString());
        Assert.Contains("72 against 75", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Null((await client.GetFromJsonAsync<Model>("/api/v1/models/second", Stop))!.Activation);

        Assert.StartsWith("Forced.", await GateAsync(await client.PostAsync("/api/v1/models/second/activate?force=true", null, Stop)), StringComparison.Ordinal);
        await WaitAsync(client, "second", m => m.Active && m.Metrics.Any(x => x is { Dataset: "shapes", Value: 72, Name: "textToVideo.r1" }));
        // Back to the better one; and a drop within what is allowed passes.
        Assert.Contains("75 against 72", await GateAsync(await client.PostAsync($"/api/v1/models/{Retrieval}/activate", null, Stop)), StringComparison.Ordinal);
        await WaitAsync(client, Retrieval, m => m.Active);
        await MeasuredAsync(app, "second", "shapes", 73.5, fingerprint: "a");
        Assert.Contains("73.5 against 75", await GateAsync(await client.PostAsync("/api/v1/models/second/activate", null, Stop)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Activation_WhileVideosAreEmbedded_TellsHowFarItIsUntilItAnswers()
    {
        using var app = new TrainingApp();
        var client = await WithSecondModelAsync(app);
        await client.PostAsync("/api/v1/models/second/activate", null, Stop);
        var asked = await Eventually.ValueAsync("it is published", _ => Task.FromResult(app.Neighbours.Activations.FirstOrDefault(a => a.ModelVersion == "second")), Stop);
        await app.PublishAsync(new IndexProgressed { ActivationId = asked.ActivationId, Embedded = 3, Total = 8 }, Stop);
        await WaitAsync(client, "second", m => m is { Activation: "activating", ActivationDetails: { VideosEmbedded: 3, VideosTotal: 8 } });
        using var stream = new StreamReader(await client.GetStreamAsync("/api/v1/models/second/events", Stop));
        var first = await stream.ReadLineAsync(Stop);
        await app.PublishAsync(new IndexRebuilt { ActivationId = asked.ActivationId, ModelVersion = "second", Task = "retrieval", Videos = 8 }, Stop);

        Assert.Contains("\"videosEmbedded\":3,\"videosTotal\":8", first, StringComparison.Ordinal);
        // The stream ends by itself, with the model that answers.
        Assert.Contains("\"activation\":\"active\"", await stream.ReadToEndAsync(Stop).WaitAsync(TimeSpan.FromSeconds(30), Stop), StringComparison.Ordinal);
        await WaitAsync(client, "second", m => m is { Active: true, ActivationDetails: { VideosEmbedded: 8, AnsweredAt: not null } });
        // News that comes too late changes nothing.
        await app.PublishAsync(new IndexProgressed { ActivationId = asked.ActivationId, Embedded = 4, Total = 8 }, Stop);
        await app.Bus.InactivityTask;
        await WaitAsync(client, "second", m => m is { Active: true, ActivationDetails.VideosEmbedded: 8 });
    }

    private static async Task<string> GateAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<Model>(Stop))!.ActivationDetails!.Gate!;
    }

    private static Task<int> MeasuredAsync(TrainingApp app, string model, string dataset, double value, string fingerprint) => app.InDatabaseAsync(db =>
    {
        db.Evaluations.Add(new EvaluationRow
        {
            Id = Guid.CreateVersion7(), State = RunState.Completed, Model = model, Dataset = dataset, Split = "test", Task = EvaluationTask.Retrieval, DatasetFingerprint = fingerprint,
            MainMetric = value, CreatedAt = DateTime.UtcNow, EndedAt = DateTime.UtcNow,
        });
        return db.SaveChangesAsync(Stop);
    });
}
