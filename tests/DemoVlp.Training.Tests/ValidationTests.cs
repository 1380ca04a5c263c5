using System.Net.Http.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Testing;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Registry;
using DemoVlp.Training.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelTasks = DemoVlp.Contracts.Models.ModelTasks;

namespace DemoVlp.Training.Tests;

/// <summary>Runs on data sets with questions and a split to measure on.</summary>
public sealed class ValidationTests
{
    private static readonly TrainingRunRequest Request = new() { Task = ModelTasks.QuestionAnswering, Dataset = "made", Epochs = 60, BatchSize = 4, LearningRate = 2e-3, Seed = 3 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_OnQuestions_LearnsTheirAnswersAndSaysWhatItMeasured()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);

        var end = await EndAsync(client, Request with { BaseModel = BuiltInModels.Retrieval });

        Assert.True(end.BestMetrics!["accuracy"] >= 0.75, $"Of the questions it has learnt it answers {end.BestMetrics["accuracy"]}.");
        Assert.InRange(end.BestEpoch!.Value, 1, 60);
        Assert.Equal(["total"], end.Losses.Keys);
        var record = end.Record!;
        Assert.Equal((6, 12, 12, 12, 12), (record.Clips, record.Samples, record.ValidationSamples, record.Answers, record.NewAnswers));
        // Six questions without an answer, and a clip without regions: counted, not dropped in silence.
        Assert.Equal(new Dictionary<string, int> { ["no-answer"] = 6, ["no-regions"] = 1 }, record.Unusable);
        Assert.Equal((64, 64), (record.Fingerprint.Length, record.ValidationFingerprint?.Length));
        Assert.True(end.CoreHours > 0 && end.WallSeconds > 0 && end.Estimate!.Steps == end.TotalSteps);

        var directory = app.Services.GetRequiredService<IArtifactStore>().GetLocalDirectory(VideoArtifacts.Model(end.ModelVersion!));
        using var loaded = ModelDirectory.Load(directory);
        Assert.Equal((ModelTasks.QuestionAnswering, 12), (loaded.Config.Task, loaded.Answers.Count));
        Assert.Contains($"best after pass {end.BestEpoch}", (await TrainingApp.ModelsAsync(client, Stop)).Single(m => m.Version == end.ModelVersion).Description);
    }

    [Fact]
    public async Task Run_OnClipsWithNearMisses_LearnsAndMeasuresWhichSentenceIsRight()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);

        var end = await EndAsync(client, Request with { Task = ModelTasks.Retrieval, BaseModel = BuiltInModels.Untrained });

        Assert.True(end.BestMetrics!["choice"] >= 80, $"Of the choices it has learnt it gets {end.BestMetrics["choice"]} % right.");
        Assert.Contains("choice", (await TrainingApp.ModelsAsync(client, Stop)).Single(m => m.Version == end.ModelVersion).Description);
    }

    [Fact]
    public async Task Run_OnQuestionsOfOneType_LearnsFromThoseAlone()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var request = Request with { BaseModel = BuiltInModels.Retrieval, Epochs = 1, QuestionTypes = ["color"] };

        var end = await EndAsync(client, request);

        Assert.Equal(["color"], end.QuestionTypes);
        Assert.Equal((6, 6, 6, 6), (end.Record!.Clips, end.Record.Samples, end.Record.ValidationSamples, end.Record.Answers));
        Assert.Contains("questions of the types color only", (await TrainingApp.ModelsAsync(client, Stop)).Single(m => m.Version == end.ModelVersion).Description);
        using var none = await client.PostAsJsonAsync("/api/v1/training-runs", request with { QuestionTypes = ["why"] }, Stop);
        using var some = await client.PostAsJsonAsync("/api/v1/training-runs", request with { QuestionTypes = ["color", "colour"] }, Stop);
        Assert.Equal((409, 409), ((int)none.StatusCode, (int)some.StatusCode));
        Assert.Contains("of these types: why", await none.Content.ReadAsStringAsync(Stop));
        // Not left out in silence.
        Assert.Contains("colour", await some.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task Run_WhenTheBaseModelLacksAnswers_KeepsItsOwnAndAddsThem()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var first = await EndAsync(client, Request with { BaseModel = BuiltInModels.Retrieval, Epochs = 1, QuestionTypes = ["color"] });
        var second = await EndAsync(client, Request with { BaseModel = first.ModelVersion, Epochs = 1, LearningRate = 1e-7 });

        var artifacts = app.Services.GetRequiredService<IArtifactStore>();
        using var before = ModelDirectory.Load(artifacts.GetLocalDirectory(VideoArtifacts.Model(first.ModelVersion!)));
        using var after = ModelDirectory.Load(artifacts.GetLocalDirectory(VideoArtifacts.Model(second.ModelVersion!)));
        Assert.Equal((6, 12), (before.Answers.Count, after.Answers.Count));
        Assert.Equal(before.Answers, after.Answers.Take(before.Answers.Count));
        Assert.Equal(6, second.Record!.NewAnswers);
        var (known, now) = (LastLayer(before), LastLayer(after));
        Assert.All(known.Zip(now), rows => Assert.True(rows.First.Zip(rows.Second, (a, b) => Math.Abs(a - b)).Max() < 1e-4));
    }

    [Theory]
    [InlineData(ModelTasks.QuestionAnswering)]
    [InlineData(ModelTasks.Retrieval)]
    public async Task Run_WhenItsWorkerIsLost_EndsWithTheSameWeightsAndTheSameBestPass(string task)
    {
        using var app = new TrainingApp(settings: new() { ["Training:CheckpointSteps"] = "5" });
        var client = await ReadyAsync(app);
        var request = Request with { Task = task, Epochs = 25 };
        var expected = await EndAsync(client, request);

        var disturbed = await TrainingApp.StartAsync(client, request, Stop);
        await TrainingApp.RunAsync(client, disturbed.Id, "it has been validated", r => r.Metrics is not null || r.EndedAt is not null, Stop);
        // Somebody else takes it and is never heard of again: the first worker stops without a checkpoint, and the run is free.
        var taken = await app.InDatabaseAsync(db => db.Runs.Where(r => r.Id == disturbed.Id && r.State == RunState.Running).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.LeaseOwner, "somebody else").SetProperty(r => r.LeaseUntil, DateTime.UtcNow.AddSeconds(-1)).SetProperty(r => r.Version, r => r.Version + 1), Stop));
        Assert.Equal(1, taken);
        var actual = await TrainingApp.RunAsync(client, disturbed.Id, "the run ends", r => r.EndedAt is not null, Stop);

        Assert.Equal(RunState.Completed, actual.State);
        Assert.Equal(expected.Losses, actual.Losses);
        Assert.Equal(expected.Metrics, actual.Metrics);
        Assert.Equal(expected.BestMetrics, actual.BestMetrics);
        Assert.Equal(expected.BestEpoch, actual.BestEpoch);
        Assert.Equal(await WeightsAsync(app, expected.ModelVersion!), await WeightsAsync(app, actual.ModelVersion!));
    }

    [Fact]
    public async Task Run_WhenNothingGetsBetter_StopsWhenItsPatienceIsOutAndRegistersTheBest()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);

        // So small a rate changes no answer. As many questions to measure on as to learn from: a validation in every second pass.
        var end = await EndAsync(client, Request with { Epochs = 50, LearningRate = 1e-9, Patience = 3 });

        // Of equal ones the last is kept.
        Assert.Equal((6, 6), (end.BestEpoch, end.Epoch));
        Assert.True(end.Step < end.TotalSteps);
        Assert.Contains("**Stops early**: after 3 passes", await client.GetStringAsync($"/api/v1/models/{end.ModelVersion}/card", Stop), StringComparison.Ordinal);
        await Eventually.TrueAsync("its checkpoints are gone", () => !app.Services.GetRequiredService<IArtifactStore>().List(RunArtifacts.Checkpoints(end.Id)).Any(), Stop);
    }

    [Fact]
    public async Task Run_WhenLaterPassesAreWorse_RegistersTheModelOfTheBest()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var taught = await EndAsync(client, Request with { BaseModel = BuiltInModels.Retrieval });
        app.Datasets["made"] = ((MadeDataset)app.Datasets["made"]).Misleading();

        var end = await EndAsync(client, Request with { BaseModel = taught.ModelVersion, LearningRate = 5e-4 });

        Assert.True(end.BestEpoch < 60 && end.BestMetrics!["accuracy"] > end.Metrics!["accuracy"] + 0.2, $"{end.BestMetrics!["accuracy"]} after pass {end.BestEpoch}, {end.Metrics!["accuracy"]} at the end: it has not been misled.");
        var response = await client.PostAsJsonAsync("/api/v1/evaluations", new EvaluationRequest { Model = end.ModelVersion, Dataset = "made", Split = "val", Task = EvaluationTask.QuestionAnswering }, Stop);
        var id = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Evaluation>(Stop))!.Id;
        var measured = await Eventually.ValueAsync<Evaluation>("the registered model is measured",
            async stop => await client.GetFromJsonAsync<Evaluation>($"/api/v1/evaluations/{id}", stop) is { EndedAt: not null } done ? done : null, Stop, TimeSpan.FromMinutes(2));
        // Six of the eighteen questions have no answer, and count as wrong where they are not left out.
        Assert.Equal(end.BestMetrics["accuracy"] * 12 / 18, measured.Metrics!.Accuracy!.Value, 3);
    }

    [Theory]
    [InlineData(LossTerms.Global, "local")]
    [InlineData(LossTerms.Local, "global")]
    public async Task Run_WithOneLossOnly_LearnsFromNothingElse(string losses, string other)
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var end = await EndAsync(client, Request with { Task = ModelTasks.Retrieval, Losses = losses, Epochs = 2, Validate = false });
        Assert.Equal((losses, 0.0, (int?)null), (end.LossTerms, end.Losses[other], end.BestEpoch));
        Assert.True(end.Losses["choice"] > 0, "The data set has near misses to learn from.");
        Assert.Equal(end.Losses["total"], end.Losses[losses] + end.Losses["choice"], 4);
        Assert.Contains($"**Losses**: {losses} only", await client.GetStringAsync($"/api/v1/models/{end.ModelVersion}/card", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public void FitState_OfEqualValidations_KeepsTheLastAsTheBestAndIsNoMorePatient()
    {
        var state = new FitState().After(1, new() { ["accuracy"] = 0.5 }, 0.5).After(2, new() { ["accuracy"] = 0.5 }, 0.5);
        Assert.Equal((2, 2), (state.BestEpoch, state.Epoch));
        Assert.Equal(2, state.After(3, new() { ["accuracy"] = 0.4 }, 0.4).BestEpoch);
        Assert.False(state.IsOutOfPatience(2));
        Assert.True(state.IsOutOfPatience(1));
        Assert.False(state.IsOutOfPatience(null));
        Assert.Equivalent(state, FitState.FromNote(state.ToNote()));
    }

    [Fact]
    public void Work_OfALargeValidation_IsSpreadOverPassesUntilItCostsATenth()
    {
        var work = new Work(ModelConfig.Tiny(1000, 256), new SampleSize(20));
        var interval = work.ValidationInterval(samples: 500, clips: 500, stepsPerEpoch: 10, batchSize: 16);
        Assert.InRange(work.Validation(500, 500) / interval, 0, 0.1 * 10 * work.Step(16));
        Assert.True(work.Validation(500, 500) / (interval - 1) > 0.1 * 10 * work.Step(16));
        Assert.Equal(1, work.ValidationInterval(samples: 20, clips: 20, stepsPerEpoch: 100, batchSize: 16));
        // Samples that share their videos are less work.
        Assert.True(work.Validation(500, 100) < work.Validation(500, 500));
        Assert.True(new Work(ModelConfig.Tiny(1000, 256), new SampleSize(20, Videos: 0.2)).Step(16) < work.Step(16));
    }

    private static async Task<HttpClient> ReadyAsync(TrainingApp app)
    {
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await MadeDataset.CreateAsync(app, Stop);
        return client;
    }

    private static async Task<TrainingRun> EndAsync(HttpClient client, TrainingRunRequest request)
    {
        var run = await TrainingApp.StartAsync(client, request, Stop);
        var end = await TrainingApp.RunAsync(client, run.Id, "the run ends", r => r.EndedAt is not null, Stop);
        Assert.True(end.State == RunState.Completed, $"{end.State} {end.Failure}");
        return end;
    }

    private static float[][] LastLayer(LoadedModel model)
    {
        var weight = ModelWeights.Of(model.Network).Single(p => p.Name == "head.classifier.main.3.weight").Value;
        return [.. weight.data<float>().ToArray().Chunk((int)weight.shape[1])];
    }

    private static Task<byte[]> WeightsAsync(TrainingApp app, string version) =>
        File.ReadAllBytesAsync(Path.Combine(app.Services.GetRequiredService<IArtifactStore>().GetLocalDirectory(VideoArtifacts.Model(version)), "model.safetensors"), Stop);
}
