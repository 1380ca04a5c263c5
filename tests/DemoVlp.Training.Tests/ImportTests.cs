using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Testing;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;

namespace DemoVlp.Training.Tests;

public sealed class ImportTests
{
    private static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", .. Enumerable.Range(4, 196).Select(i => $"t{i}")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Import_OfAModelDirectory_IsThereWithItsFilesAndCardAndIsTheSameModelTheSecondTime()
    {
        using var app = new TrainingApp();
        using var folder = new TemporaryFolder();
        var client = app.CreateClient();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 12, ["red", "blue"], seed: 3);

        var response = await client.PostAsync("/api/v1/models", Form(folder, "model", "config.json", "model.safetensors", "vocab.txt", "answers.txt"), Stop);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var model = (await response.Content.ReadFromJsonAsync<Model>(Stop))!;
        Assert.Equal($"/api/v1/models/{model.Version}", response.Headers.Location!.ToString());
        Assert.Equal(("imported", "question-answering", false, null), (model.Origin, model.Task, model.Active, model.Activation));
        Assert.Equal((12, 2, 200, "masked"), (model.Configuration!.FeatureDim, model.Configuration.Answers, model.Configuration.Vocabulary, model.Configuration.Padding));
        foreach (var name in new[] { "model.safetensors", "vocab.txt", "answers.txt" })
            Assert.Equal(await File.ReadAllBytesAsync(folder[name], Stop), await client.GetByteArrayAsync($"/api/v1/models/{model.Version}/files/{name}", Stop));
        var card = await client.GetStringAsync($"/api/v1/models/{model.Version}/card", Stop);
        Assert.StartsWith("---\nlibrary_name: demovlp\n", card, StringComparison.Ordinal);
        Assert.Contains(model.Description, card, StringComparison.Ordinal);
        Assert.Equal(card, await client.GetStringAsync($"/api/v1/models/{model.Version}/files/README.md", Stop));
        foreach (var name in new[] { "absent", "..%2F..%2Fsecret" })
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/v1/models/{model.Version}/files/{name}", Stop)).StatusCode);

        var again = await client.PostAsync("/api/v1/models", Form(folder, "model", "config.json", "model.safetensors", "vocab.txt", "answers.txt"), Stop);
        Assert.Equal((HttpStatusCode.OK, model.Version), (again.StatusCode, (await again.Content.ReadFromJsonAsync<Model>(Stop))!.Version));
    }

    [Fact]
    public async Task Import_OfACheckpointOfThePublishedCode_KeepsItsScoresAndItsName()
    {
        using var app = new TrainingApp();
        using var folder = new TemporaryFolder();
        var client = app.CreateClient();
        var form = await CheckpointFormAsync(folder, ("name", "demovlp-webvid"), ("description", "As published."), ("headWidth", "16"));

        var response = await client.PostAsync("/api/v1/models", form, Stop);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var model = (await response.Content.ReadFromJsonAsync<Model>(Stop))!;
        Assert.Equal(("demovlp-webvid", "retrieval", "reference"), (model.Version, model.Task, model.Configuration!.Padding));
        Assert.StartsWith("As published. Imported from a checkpoint of the published code", model.Description, StringComparison.Ordinal);
        using var loaded = ModelDirectory.Load(app.Services.GetRequiredService<IArtifactStore>().GetLocalDirectory("models/demovlp-webvid"));
        Assert.Equal(Vocabulary, loaded.Vocabulary);

        var taken = await client.PostAsync("/api/v1/models", await CheckpointFormAsync(folder, ("name", "demovlp-webvid"), ("headWidth", "16")), Stop);
        await RefusedAsync(HttpStatusCode.Conflict, "model-exists", taken);
    }

    [Fact]
    public async Task Import_OfADistilBertAndAVisionTransformer_IsAModelToTrainFromWithTheirWeights()
    {
        const string config = """{"model_type": "distilbert", "activation": "gelu", "vocab_size": 200, "dim": 64, "n_layers": 3, "n_heads": 4, "hidden_dim": 128, "max_position_embeddings": 64, "dropout": 0.1, "pad_token_id": 0}""";
        using var scope = torch.NewDisposeScope();
        using var app = new TrainingApp();
        using var folder = new TemporaryFolder();
        // The golden model's own encoders, in the layouts of Hugging Face and timm.
        var golden = Safetensors.Load(Path.Combine(RepositoryRoot.Find(), "tests", "goldens", "model", "weights", "retrieval_f4n5.safetensors"));
        Safetensors.Save(folder["bert.safetensors"], Renamed("text_model."));
        Safetensors.Save(folder["vit.safetensors"], Renamed("object_model.").Where(w => w.Name is "cls_token" || w.Name.StartsWith("blocks.", StringComparison.Ordinal) || w.Name.StartsWith("norm.", StringComparison.Ordinal)));
        var form = With(With(With(new MultipartFormDataContent(), "distilbert", Encoding.UTF8.GetBytes(config), "config.json"),
            "distilbert", await File.ReadAllBytesAsync(folder["bert.safetensors"], Stop), "model.safetensors"), "vit", await File.ReadAllBytesAsync(folder["vit.safetensors"], Stop), "vit.safetensors");
        With(form, "distilbert", Encoding.UTF8.GetBytes(string.Join('\n', Vocabulary)), "vocab.txt");
        foreach (var field in new[] { ("name", "begin"), ("headWidth", "16"), ("featureDim", "256"), ("frames", "2"), ("regions", "3") }) With(form, field);
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);

        var response = await client.PostAsync("/api/v1/models", form, Stop);

        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Stop));
        var model = (await response.Content.ReadFromJsonAsync<Model>(Stop))!;
        Assert.Equal(("begin", "retrieval", 256, 200), (model.Version, model.Task, model.Configuration!.FeatureDim, model.Configuration.Vocabulary));
        Assert.Contains("a DistilBERT and a vision transformer", model.Description, StringComparison.Ordinal);
        using (var loaded = ModelDirectory.Load(app.Artifacts.GetLocalDirectory("models/begin")))
        {
            var weights = ModelWeights.Of(loaded.Network).ToDictionary(w => w.Name, w => w.Value);
            foreach (var name in new[] { "text_model.transformer.layer.2.ffn.lin1.weight", "object_model.blocks.1.attn.qkv.weight" }) Assert.True(weights[name].allclose(golden[name], 0, 0), name);
        }

        // It is there to be trained from.
        await app.AddClipsAsync(["t7 t8", "t9 t10"], Stop);
        var run = await TrainingApp.StartAsync(client, new TrainingRunRequest { Task = "retrieval", Dataset = "library", BaseModel = "begin", Epochs = 1, BatchSize = 2, LearningRate = 1e-4 }, Stop);
        var end = await TrainingApp.RunAsync(client, run.Id, "the run ends", r => r.EndedAt is not null, Stop);
        Assert.True(end.State == RunState.Completed, $"{end.State} {end.Failure}");

        IEnumerable<(string Name, torch.Tensor Value)> Renamed(string part) => golden.Where(w => w.Key.StartsWith(part, StringComparison.Ordinal)).Select(w => (w.Key[part.Length..], w.Value));
    }

    [Fact]
    public async Task Import_WhenTheFilesAreNoModel_SaysWhatIsWrongAndRegistersNothing()
    {
        using var app = new TrainingApp(settings: new() { ["Training:MaxImportBytes"] = "8000000" });
        using var folder = new TemporaryFolder();
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, 12, seed: 3);

        await FormRefusedAsync("sources-missing", new MultipartFormDataContent { { new StringContent("x"), "name" } });
        await FormRefusedAsync("model-incomplete", Form(folder, "model", "config.json", "vocab.txt"));
        await FormRefusedAsync("sources-contradict", With(Form(folder, "model", "config.json", "model.safetensors", "vocab.txt"), "checkpoint", new byte[10]));
        await FormRefusedAsync("bad-name", With(Form(folder, "model", "config.json", "model.safetensors", "vocab.txt"), ("name", "../escape")));
        await FormRefusedAsync("file-twice", Form(folder, "model", "config.json", "config.json"));
        await FormRefusedAsync("safetensors-malformed", With(Form(folder, "model", "config.json", "vocab.txt"), "model", new byte[2_000_000], "model.safetensors"));
        await FormRefusedAsync("weights-mismatch", With(Form(folder, "model", "config.json", "vocab.txt"), "model", new byte[10], "model.safetensors"));
        await FormRefusedAsync("vocabulary-mismatch", With(Form(folder, "model", "config.json", "model.safetensors"), "model", "[UNK]\n[CLS]\n[SEP]\n"u8.ToArray(), "vocab.txt"));
        await FormRefusedAsync("bad-vocabulary", With(Form(folder, "model", "config.json", "model.safetensors"), "model", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 200).Select(i => $"w{i}\n"))), "vocab.txt"));
        await FormRefusedAsync("config-invalid", With(Form(folder, "model", "model.safetensors", "vocab.txt"), "model", "{}x"u8.ToArray(), "config.json"));
        await FormRefusedAsync("checkpoint-malformed", With(With(new MultipartFormDataContent(), "checkpoint", Encoding.UTF8.GetBytes("no checkpoint at all")), "vocabulary", "[UNK]\n"u8.ToArray()));
        await FormRefusedAsync("bad-number", With(Form(folder, "model", "config.json"), ("frames", "many")));
        await RefusedAsync(HttpStatusCode.RequestEntityTooLarge, "model-too-large", await client.PostAsync("/api/v1/models", With(new MultipartFormDataContent(), "checkpoint", new byte[9_500_000]), Stop));
        await RefusedAsync(HttpStatusCode.BadRequest, "no-files", await client.PostAsync("/api/v1/models", new StringContent("hello"), Stop));
        var torn = new ByteArrayContent("--b\r\nContent-Disposition: form-data; name=\"checkpoint\"; filename=\"a\"\r\n\r\nabc"u8.ToArray());
        torn.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
        await RefusedAsync(HttpStatusCode.BadRequest, "bad-multipart", await client.PostAsync("/api/v1/models", torn, Stop));

        Assert.All(await TrainingApp.ModelsAsync(client, Stop), m => Assert.Equal("built-in", m.Origin));

        async Task FormRefusedAsync(string code, MultipartFormDataContent form) => await RefusedAsync(HttpStatusCode.BadRequest, code, await client.PostAsync("/api/v1/models", form, Stop));
    }

    [Fact]
    public async Task Import_FromTheImportFolder_ReadsWhatLiesThereAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        using var app = new TrainingApp(settings: new() { ["Training:ImportFolder"] = folder["imports"] });
        var client = app.CreateClient();
        ModelDirectory.CreateTiny(folder["imports", "models", "one"], Vocabulary, 12, seed: 3);
        ModelDirectory.CreateTiny(folder["outside"], Vocabulary, 12, seed: 4);
        Directory.CreateSymbolicLink(folder["imports", "link"], folder["outside"]);
        Directory.CreateDirectory(folder["imports", "files"]);
        File.CreateSymbolicLink(folder["imports", "files", "config.json"], folder["outside", "config.json"]);

        var response = await client.PostAsJsonAsync("/api/v1/models", new ModelImportRequest { Path = "models/one", Name = "one" }, Stop);

        Assert.Equal((HttpStatusCode.Created, "one"), (response.StatusCode, (await response.Content.ReadFromJsonAsync<Model>(Stop))!.Version));
        Assert.False(File.Exists(folder["imports", "models", "one", "README.md"]), "The import folder is somebody else's.");
        foreach (var path in new[] { "../outside", folder["outside"], "link", "models/../../outside", "files", "a\0b" })
            await RefusedAsync(HttpStatusCode.BadRequest, "bad-path", await client.PostAsJsonAsync("/api/v1/models", new ModelImportRequest { Path = path }, Stop));
        await RefusedAsync(HttpStatusCode.BadRequest, "file-not-found", await client.PostAsJsonAsync("/api/v1/models", new ModelImportRequest { Path = "absent" }, Stop));
        using var without = new TrainingApp();
        await RefusedAsync(HttpStatusCode.Conflict, "no-import-folder", await without.CreateClient().PostAsJsonAsync("/api/v1/models", new ModelImportRequest { Path = "one" }, Stop));
    }

    private static async Task<MultipartFormDataContent> CheckpointFormAsync(TemporaryFolder folder, params (string Name, string Value)[] fields)
    {
        var checkpoint = Path.Combine(RepositoryRoot.Find(), "tests", "goldens", "model", "weights", "retrieval_f4n5.pth");
        await File.WriteAllLinesAsync(folder["vocab.txt"], Vocabulary, Stop);
        var form = With(new MultipartFormDataContent(), "checkpoint", await File.ReadAllBytesAsync(checkpoint, Stop), "demovlp.pth");
        foreach (var field in fields) With(form, field);
        return With(form, "vocabulary", await File.ReadAllBytesAsync(folder["vocab.txt"], Stop));
    }

    private static MultipartFormDataContent Form(TemporaryFolder folder, string part, params string[] files)
    {
        var form = new MultipartFormDataContent();
        foreach (var file in files) With(form, part, File.ReadAllBytes(folder[file]), file);
        return form;
    }

    private static MultipartFormDataContent With(MultipartFormDataContent form, string part, byte[] bytes, string file = "file")
    {
        form.Add(new ByteArrayContent(bytes), part, file);
        return form;
    }

    private static MultipartFormDataContent With(MultipartFormDataContent form, (string Name, string Value) field)
    {
        form.Add(new StringContent(field.Value), field.Name);
        return form;
    }

    private static async Task RefusedAsync(HttpStatusCode status, string code, HttpResponseMessage response)
    {
        var problem = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal((status, code), (response.StatusCode, problem.GetProperty("code").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
    }
}
