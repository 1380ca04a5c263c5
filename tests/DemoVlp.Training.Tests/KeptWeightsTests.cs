using System.Net;
using System.Net.Http.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Testing;
using DemoVlp.Training.Registry;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Tests;

/// <summary>What a run leaves behind that ended without a model, made into one.</summary>
public sealed class KeptWeightsTests
{
    private static readonly TrainingRunRequest Request = new()
    {
        Task = "question-answering", Dataset = "made", BaseModel = BuiltInModels.Retrieval, Epochs = 1000, BatchSize = 4, LearningRate = 1e-3, Seed = 3,
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Import_OfACancelledRun_IsTheModelOfItsBestValidationWithItsAnswers()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var id = (await TrainingApp.StartAsync(client, Request, Stop)).Id;
        await TrainingApp.RunAsync(client, id, "it has been validated", r => r.BestMetrics is not null, Stop);
        await ShapesDatasetTests.ProblemAsync(await ImportAsync(client, new() { Run = id }), 409, "run-not-ended");
        await CancelAsync(client, id);

        var response = await ImportAsync(client, new() { Run = id });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var model = (await response.Content.ReadFromJsonAsync<Model>(Stop))!;
        Assert.Equal(("trained", id, "made", BuiltInModels.Retrieval), (model.Origin, model.RunId, model.Dataset, model.BaseModel));
        Assert.Contains("of its best validation", model.Description, StringComparison.Ordinal);
        using var loaded = ModelDirectory.Load(app.Artifacts.GetLocalDirectory(VideoArtifacts.Model(model.Version)));
        Assert.Equal(12, loaded.Answers.Count);
        var best = Assert.Single(app.Artifacts.List(RunArtifacts.Checkpoints(id)), key => !key.EndsWith("last.safetensors", StringComparison.Ordinal));
        using var scope = TorchSharp.torch.NewDisposeScope();
        var kept = Safetensors.Load(Path.Combine(app.Artifacts.GetLocalDirectory(RunArtifacts.Checkpoints(id)), Path.GetFileName(best)));
        Assert.All(ModelWeights.Of(loaded.Network), w => Assert.True(w.Value.allclose(kept[w.Name], 0, 0), w.Name));
    }

    [Fact]
    public async Task Import_OfARunThatHasKeptNothing_IsRefused()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["vocab.txt"], "[UNK]\n", Stop);
        using var app = new TrainingApp(settings: new() { ["Training:ImportFolder"] = folder.Path });
        app.Neighbours.Tokenizes = false;
        var client = await ReadyAsync(app);
        var id = (await TrainingApp.StartAsync(client, Request, Stop)).Id;
        await TrainingApp.RunAsync(client, id, "it waits for its texts", r => r.Phase == RunPhase.Tokenizing, Stop);
        await CancelAsync(client, id);

        await ShapesDatasetTests.ProblemAsync(await ImportAsync(client, new() { Run = id }), 409, "no-checkpoint");
        await ShapesDatasetTests.ProblemAsync(await ImportAsync(client, new() { Run = id, Vocabulary = "vocab.txt" }), 400, "sources-contradict");
        await ShapesDatasetTests.ProblemAsync(await ImportAsync(client, new() { Run = Guid.NewGuid() }), 400, "unknown-run");
        Assert.Equal(3, (await TrainingApp.ModelsAsync(client, Stop)).Count);
    }

    private static async Task<HttpClient> ReadyAsync(TrainingApp app)
    {
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await MadeDataset.CreateAsync(app, Stop);
        return client;
    }

    private static Task<HttpResponseMessage> ImportAsync(HttpClient client, ModelImportRequest request) => client.PostAsJsonAsync("/api/v1/models", request, Stop);

    private static async Task CancelAsync(HttpClient client, Guid id)
    {
        (await client.PostAsync($"/api/v1/training-runs/{id}/cancel", null, Stop)).EnsureSuccessStatusCode();
        await TrainingApp.RunAsync(client, id, "it is cancelled", r => r.State == RunState.Cancelled, Stop);
    }
}
