using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.MovingShapes;
using DemoVlp.Testing;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Registry;
using Clip = DemoVlp.MovingShapes.Clip;

namespace DemoVlp.Training.Tests;

/// <summary>Benchmark formats below an import folder: Moving Shapes written as MSRVTT's files, so that the truth is known.</summary>
public sealed class BenchmarkDatasetTests(BenchmarkDatasetTests.App app) : IClassFixture<BenchmarkDatasetTests.App>
{
    private const int Trained = 5, Tested = 3;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public sealed class App : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public App()
        {
            Truth = [.. Clip.Of(3, Vocabulary.Standard, Split.Train).Take(Trained), .. Clip.Of(3, Vocabulary.Standard, Split.Val).Take(2), .. Clip.Of(3, Vocabulary.Standard, Split.Test).Take(Tested)];
            MsrvttFiles.Write(Directory.CreateDirectory(folder["import/shapes"]).FullName, Truth, Vocabulary.Standard);
            Directory.CreateDirectory(folder["outside/regions"]);
            foreach (var clip in Truth.Where(c => c.Scene.Id != "test1")) WriteRegions(folder[$"import/features/{clip.Scene.Id}"]);
            WriteRegions(folder["outside/regions/test1"]);
            Directory.CreateSymbolicLink(folder["import/away"], folder["outside"]);
            Directory.CreateDirectory(folder["import/empty"]);
            Training = new TrainingApp(settings: new() { ["Training:ImportFolder"] = folder["import"] });
            Client = Training.CreateClient();
        }

        internal IReadOnlyList<Clip> Truth { get; }
        public TrainingApp Training { get; }
        public HttpClient Client { get; }
        internal string Import => folder["import"];
        internal string Outside => folder["outside"];

        public void Dispose()
        {
            Training.Dispose();
            folder.Dispose();
        }

        private static void WriteRegions(string path)
        {
            Directory.CreateDirectory(path);
            for (var i = 0; i < 3; i++)
                ReferenceRegionFile.Write(Path.Combine(path, $"{i}.npz"), new FrameRegions(i, i, 320, 240, new float[2048], [1, 2, 30, 40], [1], [0.9f], [1], [0.5f]));
        }
    }

    [Fact]
    public async Task Msrvtt_WrittenByMovingShapes_IsReadBackAsTheTruth()
    {
        var dataset = await CreateAsync("captions", "msrvtt", """{"annotations":"shapes","regions":"features","cut":"full-test"}""");

        Assert.Equal([("train", Trained), ("val", Tested - 1), ("test", Tested - 1)], dataset.Splits.Select(s => (s.Name, s.Clips)));
        Assert.Equal(2, dataset.Unusable["regions-missing"]);
        Assert.Contains(dataset.FirstUnusable, u => u.Clip == "test1" && u.Reason == "regions-missing");
        foreach (var split in new[] { Split.Train, Split.Test })
        {
            var clips = await ListAsync("captions", Vocabulary.Name(split));
            Assert.Equal(Of(split).Select(c => (c.Scene.Id, string.Join('|', c.Captions))), clips.Select(c => (c.Id, string.Join('|', c.Captions))));
        }
        var test = await ListAsync("captions", "test");
        Assert.Equal([true, false, true], test.Select(c => c.Regions is not null));
        Assert.NotNull(test[1].Missing);
        var frames = await app.Training.InScopeAsync<ClipRegionsReader, IReadOnlyList<FrameRegions>>(reader => reader.ReadAsync(test[0].Regions!, Stop));
        Assert.Equal(3, frames.Count);
    }

    [Fact]
    public async Task Msrvtt_WrittenByMovingShapes_IsTrainedOnAndMeasured()
    {
        await CreateAsync("learnt", "msrvtt", """{"annotations":"shapes","regions":"features","cut":"full-test"}""");
        await AddWideModelAsync();

        var trained = await TrainAsync(new() { Task = "retrieval", Dataset = "learnt", BaseModel = "wide", Epochs = 1, BatchSize = 2, Validate = false });
        Assert.Equal((2, Trained), (trained.Step, trained.Record!.Clips));

        var measured = await MeasureAsync(new() { Model = trained.ModelVersion, Dataset = "learnt", Split = "train" });
        Assert.Equal((Trained, trained.Record.Fingerprint), (measured.Samples, measured.DatasetFingerprint));
    }

    [Fact]
    public async Task MsrvttQa_WrittenByMovingShapes_IsTrainedOnAndMeasured()
    {
        await CreateAsync("asked", "msrvtt-qa", Complete("asked"));
        await AddWideModelAsync();

        var trained = await TrainAsync(new() { Task = "question-answering", Dataset = "asked", BaseModel = "wide", Epochs = 2, BatchSize = 8 });
        Assert.Equal((Trained, Of(Split.Train).Sum(c => c.Questions.Count)), (trained.Record!.Clips, trained.Record.Samples));
        Assert.Equal(Of(Split.Train).SelectMany(c => c.Questions).Select(q => q.Answer).Distinct().Count(), trained.Record.Answers);
        Assert.Equal(Of(Split.Val).Sum(c => c.Questions.Count), trained.Record.ValidationSamples);
        Assert.InRange(trained.BestMetrics!["accuracy"], 0, 1);

        var measured = await MeasureAsync(new() { Model = trained.ModelVersion, Dataset = "asked" });
        Assert.Equal(("test", Of(Split.Test).Sum(c => c.Questions.Count)), (measured.Split, measured.Samples));
        Assert.Equal(Of(Split.Test).SelectMany(c => c.Questions).Select(q => q.Kind).Distinct().Order(), measured.Metrics!.CountByType!.Keys.Order());
    }

    [Fact]
    public async Task MsrvttMc_WrittenByMovingShapes_IsMeasured()
    {
        await CreateAsync("chosen", "msrvtt-mc", Complete("chosen"));
        await AddWideModelAsync();

        var measured = await MeasureAsync(new() { Model = "wide", Dataset = "chosen", Task = EvaluationTask.MultipleChoice });

        Assert.Equal(("test", Tested, 0), (measured.Split, measured.Samples, measured.Missing));
        // Of three choices none, one, two or all are right.
        Assert.Contains(measured.Metrics!.Accuracy!.Value, new[] { 0, 0.3333, 0.6667, 1 });
        Assert.NotNull(measured.Metrics.ReferenceCompatible!.Accuracy);
    }

    [Fact]
    public async Task MsrvttQa_WrittenByMovingShapes_IsReadBackAsTheTruth()
    {
        var dataset = await CreateAsync("questions", "msrvtt-qa", """{"annotations":"shapes","regions":"features"}""");

        Assert.Equal(["train", "val", "test"], dataset.Splits.Select(s => s.Name));
        Assert.Equal(Of(Split.Train).Sum(c => c.Questions.Count), dataset.Splits[0].Questions);
        var clips = await ListAsync("questions", "train");
        Assert.Equal(Of(Split.Train).Select(c => c.Scene.Id), clips.Select(c => c.Id));
        Assert.Equal(Of(Split.Train).SelectMany(c => c.Questions).Select(q => (q.Text, q.Answer, q.Kind)), clips.SelectMany(c => c.Questions).Select(q => (q.Question, q.Answer, q.Type)));

        var paged = new List<DatasetClip>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = (await app.Client.GetFromJsonAsync<Page<DatasetClip>>($"/api/v1/datasets/questions/clips?limit=3&cursor={cursor}", Stop))!;
            paged.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        Assert.Equal(app.Truth.Select(c => c.Scene.Id), paged.Select(c => c.Id));
        await ShapesDatasetTests.ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/questions/clips/train0/content", Stop), 404, "no-content");
    }

    [Fact]
    public async Task Unusable_OfMoreRowsThanTheDescriptionNames_NamesAll()
    {
        var dataset = await CreateAsync("no-features", "msrvtt-qa", """{"annotations":"shapes","regions":"empty"}""");

        var lines = (await app.Client.GetStringAsync("/api/v1/datasets/no-features/unusable", Stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var rows = lines.Select(line => JsonSerializer.Deserialize<UnusableClip>(line, JsonSerializerOptions.Web)!).ToList();
        Assert.Equal(app.Truth.SelectMany(c => c.Questions.Select(_ => c.Scene.Id)).Order(), rows.Select(r => r.Clip).Order());
        Assert.Equal(dataset.Unusable["regions-missing"], rows.Count(r => r.Reason == "regions-missing"));
        Assert.True(rows.Count > dataset.FirstUnusable.Count, $"{rows.Count} rows");
        Assert.Equal(dataset.FirstUnusable, rows.Take(dataset.FirstUnusable.Count));
        Assert.Distinct(rows.Select(r => r.Place));
    }

    [Fact]
    public async Task Create_WithTheReferencesMistakes_LosesTheFirstRow()
    {
        Directory.CreateDirectory(Path.Combine(app.Import, "pages"));
        await File.WriteAllTextAsync(Path.Combine(app.Import, "pages", "webvid_training_success_full.tsv"), "a dog runs\tpage/1\na cat sleeps\tpage/2\n", Stop);
        foreach (var page in new[] { "1", "2" })
        {
            var clip = Directory.CreateDirectory(Path.Combine(app.Import, "pages", "train", "page", page)).FullName;
            foreach (var file in Directory.GetFiles(Path.Combine(app.Import, "features", "train0"))) File.Copy(file, Path.Combine(clip, Path.GetFileName(file)));
        }
        var corrected = await CreateAsync("corrected", "webvid", """{"annotations":"pages","regions":"pages"}""");
        var reference = await CreateAsync("as-published", "webvid", """{"annotations":"pages","regions":"pages","reference":true}""");

        Assert.Equal((2, 0), (corrected.Clips, corrected.Unusable.Count));
        Assert.Equal((1, 1), (reference.Clips, reference.Unusable["first-row-lost"]));
    }

    [Fact]
    public async Task MsrvttMc_WrittenByMovingShapes_IsReadBackAsTheTruth()
    {
        await CreateAsync("choices", "msrvtt-mc", """{"annotations":"shapes","regions":"features"}""");

        var clips = await ListAsync("choices", "test");
        Assert.Equal(Of(Split.Test).Select(c => (c.Scene.Id, string.Join('|', c.Choices.Single().Options), c.Choices.Single().Answer)),
            clips.Select(c => (c.Id, string.Join('|', c.Choices.Single().Options), c.Choices.Single().Answer)));
    }

    [Fact]
    public async Task Clips_WhenARegionFolderIsALinkThatLeadsOut_HaveNoFeatures()
    {
        var link = Path.Combine(app.Import, "linked");
        Directory.CreateDirectory(link);
        foreach (var clip in app.Truth) Directory.CreateSymbolicLink(Path.Combine(link, clip.Scene.Id), clip.Scene.Id == "test1" ? Path.Combine(app.Outside, "regions", "test1") : Path.Combine(app.Import, "features", clip.Scene.Id));
        var dataset = await CreateAsync("linked", "msrvtt-mc", """{"annotations":"shapes","regions":"linked"}""");

        Assert.Equal(2, dataset.Unusable["regions-outside"]);
        Assert.Equal([true, false, true], (await ListAsync("linked", "test")).Select(c => c.Regions is not null));
    }

    [Theory]
    [InlineData("msrvtt", """{"annotations":"../outside","regions":"features"}""", "bad-path")]
    [InlineData("msrvtt", """{"annotations":"shapes/../../outside","regions":"features"}""", "bad-path")]
    [InlineData("msrvtt", """{"annotations":"/etc","regions":"features"}""", "bad-path")]
    [InlineData("msrvtt", """{"annotations":"shapes","regions":"away/regions"}""", "bad-path")]
    [InlineData("msrvtt", """{"annotations":"away","regions":"features"}""", "bad-path")]
    [InlineData("msrvtt", """{"annotations":"nowhere","regions":"features"}""", "path-not-found")]
    [InlineData("msrvtt", """{"annotations":"empty","regions":"features"}""", "dataset-missing-file")]
    [InlineData("msrvtt", """{"annotations":"shapes"}""", "bad-option")]
    [InlineData("msrvtt", """{"annotations":"shapes","regions":"features","cut":"mine"}""", "bad-option")]
    [InlineData("msrvtt-qa", """{"annotations":"shapes","regions":"features","cut":"full-test"}""", "unknown-option")]
    [InlineData("msrvtt-qa", """{"annotations":"shapes","regions":"features","share":2}""", "bad-option")]
    [InlineData("msrvtt-qa", """{"annotations":"shapes","regions":"features","reference":"yes"}""", "bad-option")]
    public async Task Create_WhenThePathsAreWrong_SaysWhy(string format, string options, string code)
    {
        var response = await app.Client.PostAsJsonAsync("/api/v1/datasets", Request("wrong", format, options), Stop);

        Assert.DoesNotContain(app.Import, await response.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        await ShapesDatasetTests.ProblemAsync(response, 400, code);
    }

    [Fact]
    public async Task Create_WithoutAnImportFolder_IsRefused()
    {
        using var without = new TrainingApp();
        var response = await without.CreateClient().PostAsJsonAsync("/api/v1/datasets", Request("a", "msrvtt", """{"annotations":"shapes","regions":"features"}"""), Stop);

        await ShapesDatasetTests.ProblemAsync(response, 409, "no-import-folder");
    }

    [Fact]
    public async Task Create_WhenAFileIsBroken_SaysSoInTheDataSet()
    {
        var folder = Directory.CreateDirectory(Path.Combine(app.Import, "broken")).FullName;
        MsrvttFiles.Write(folder, app.Truth, Vocabulary.Standard);
        await File.WriteAllTextAsync(Path.Combine(folder, "annotation", "MSR_VTT.json"), "{\"annotations\": [", Stop);
        var dataset = await CreateAsync("broken", "msrvtt", """{"annotations":"broken","regions":"features"}""", DatasetState.Failed);

        Assert.Equal("dataset-malformed", dataset.Failure!.Code);
        await ShapesDatasetTests.ProblemAsync(await app.Client.GetAsync("/api/v1/datasets/broken/clips", Stop), 409, "dataset-malformed");
    }

    private IEnumerable<Clip> Of(Split split) => app.Truth.Where(c => c.Split == split);

    /// <summary>Options with features for every clip, in a folder of their own.</summary>
    private string Complete(string folder)
    {
        var features = Directory.CreateDirectory(Path.Combine(app.Import, folder)).FullName;
        foreach (var clip in app.Truth) Directory.CreateSymbolicLink(Path.Combine(features, clip.Scene.Id), Path.Combine(app.Import, "features", clip.Scene.Id == "test1" ? "test0" : clip.Scene.Id));
        return $$"""{"annotations":"shapes","regions":"{{folder}}"}""";
    }

    /// <summary>An untrained model, <c>wide</c>, for features of the published detector.</summary>
    private async Task AddWideModelAsync()
    {
        using var folder = new TemporaryFolder();
        BuiltInModels.Write(BuiltInModels.Retrieval, Directory.CreateDirectory(folder["known"]).FullName);
        ModelDirectory.CreateTiny(folder["wide"], File.ReadAllLines(folder["known/vocab.txt"]), featureDim: 2048, seed: 1);
        await app.Training.InScopeAsync<ModelRegistry, bool>(registry => registry.AddAsync(new ModelRow
        {
            Version = "wide", Task = "retrieval", Origin = "imported", Directory = VideoArtifacts.Model("wide"), Description = "For features of the published detector.", CreatedAt = DateTime.UtcNow,
        }, folder["wide"], Stop));
    }

    private async Task<TrainingRun> TrainAsync(TrainingRunRequest request)
    {
        var run = await TrainingApp.StartAsync(app.Client, request, Stop);
        var end = await TrainingApp.RunAsync(app.Client, run.Id, "the run has ended", r => r.EndedAt is not null, Stop);
        Assert.True(end.State == RunState.Completed, $"{end.State} {end.Failure}");
        return end;
    }

    private async Task<Evaluation> MeasureAsync(EvaluationRequest request)
    {
        var asked = await app.Client.PostAsJsonAsync("/api/v1/evaluations", request, Stop);
        var evaluation = (await asked.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Evaluation>(Stop))!;
        var end = await Eventually.ValueAsync<Evaluation>("the evaluation has ended",
            async stop => await app.Client.GetFromJsonAsync<Evaluation>($"/api/v1/evaluations/{evaluation.Id}", stop) is { EndedAt: not null } ended ? ended : null, Stop, TimeSpan.FromMinutes(2));
        Assert.True(end.State == RunState.Completed, $"{end.State} {end.Failure}");
        return end;
    }

    private async Task<Dataset> CreateAsync(string name, string format, string options, string state = DatasetState.Ready)
    {
        var response = await app.Client.PostAsJsonAsync("/api/v1/datasets", Request(name, format, options), Stop);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await Eventually.ValueAsync<Dataset>("the data set is counted",
            async stop => await app.Client.GetFromJsonAsync<Dataset>($"/api/v1/datasets/{name}", stop) is { } dataset && dataset.State == state ? dataset : null, Stop);
    }

    private Task<IReadOnlyList<Datasets.Clip>> ListAsync(string name, string split) =>
        app.Training.InScopeAsync<DatasetCatalog, IReadOnlyList<Datasets.Clip>>(async catalog => await (await catalog.FindAsync(name, Stop))!.ListAsync(split, Stop));

    private static DatasetRequest Request(string name, string format, string options) =>
        new() { Name = name, Format = format, Options = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(options) };
}
