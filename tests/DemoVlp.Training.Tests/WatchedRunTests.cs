using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Xml.Linq;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Testing;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Tensorboard;

namespace DemoVlp.Training.Tests;

/// <summary>What people can see of a run: before, while and after it runs.</summary>
public sealed class WatchedRunTests
{
    private static readonly TrainingRunRequest Request = new() { Task = "retrieval", Dataset = "made", Epochs = 8, BatchSize = 3, LearningRate = 1e-3, Seed = 3 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TensorBoard_OfARunThatWasTakenTwice_IsAWholeFileOfTheLossesAndValidationsOfEachStep()
    {
        using var app = new TrainingApp(settings: new() { ["Training:CheckpointSteps"] = "4" });
        var client = await ReadyAsync(app);
        var id = (await TrainingApp.StartAsync(client, Request with { Epochs = 40 }, Stop)).Id;
        await TrainingApp.RunAsync(client, id, "it is under way", r => r.Metrics is not null, Stop);
        await app.InDatabaseAsync(db => db.Runs.Where(r => r.Id == id && r.State == RunState.Running).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.LeaseOwner, "somebody else").SetProperty(r => r.LeaseUntil, DateTime.UtcNow.AddSeconds(-1)).SetProperty(r => r.Version, r => r.Version + 1), Stop));
        var end = await EndAsync(client, id);
        Assert.Equal(RunState.Completed, end.State);

        var response = await client.GetAsync($"/api/v1/training-runs/{id}/tensorboard", Stop);

        Assert.StartsWith("events.out.tfevents.", response.Content.Headers.ContentDisposition?.FileName);
        var events = Read(await response.Content.ReadAsByteArrayAsync(Stop));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal(2, events.Count(e => e.FileVersion.Length > 0));
        Assert.All(events, e => Assert.InRange(e.WallTime, 1.7e9, 1e10));
        var tags = events.Where(e => e.Summary is not null).SelectMany(e => e.Summary.Value.Select(v => (e.Step, v.Tag, v.SimpleValue))).ToList();
        Assert.Equal(Enumerable.Range(1, 80).Select(s => (long)s), tags.Where(t => t.Tag == "loss/total").Select(t => t.Step).Distinct().Order());
        Assert.Equal(end.Losses["total"], tags.Last(t => t.Tag == "loss/total").SimpleValue, 1e-4);
        Assert.Equal(end.Metrics!["r1"], tags.Last(t => t.Tag == "validation/r1").SimpleValue, 1e-4);
        Assert.Contains(tags, t => t.Tag == "learning_rate");
        Assert.Contains(tags, t => t.Tag == "samples_per_second");
    }

    [Fact]
    public async Task Events_OfARunUnderWay_SayHowFarItIsHowWellItLearnsAndHowLongItStillTakes()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var id = (await TrainingApp.StartAsync(client, Request with { Epochs = 1000 }, Stop)).Id;
        await using var stream = await client.GetStreamAsync($"/api/v1/training-runs/{id}/events", Stop);

        var seen = new List<TrainingRun>();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Stop))
        {
            seen.Add(JsonSerializer.Deserialize<TrainingRun>(item.Data, JsonSerializerOptions.Web)!);
            // Two different ones with validations behind them; then it may end.
            if (seen.Where(r => r.Metrics is not null).Select(r => r.Step).Distinct().Count() == 2) await client.PostAsync($"/api/v1/training-runs/{id}/cancel", null, Stop);
        }

        Assert.Equal(RunState.Cancelled, seen[^1].State);
        Assert.Equal(seen.Select(r => r.Step).Order(), seen.Select(r => r.Step));
        var measured = seen.Where(r => r.State == RunState.Running && r.Metrics is not null).ToList();
        var (first, next) = (measured[0], measured[^1]);
        foreach (var run in new[] { first, next })
        {
            Assert.Equal((2000, (run.Step - 1) / 2 + 1), (run.TotalSteps, run.Epoch));
            Assert.Equal(["choice", "global", "local", "total"], run.Losses.Keys.Order());
            Assert.Equal(run.Losses["total"], run.Losses["global"] + run.Losses["local"] + run.Losses["choice"], 3);
            Assert.InRange(run.CurrentLearningRate!.Value, 1e-9, 1e-3);
            // As many samples as are left at the pace it tells, and validations on top.
            Assert.InRange(run.SecondsLeft!.Value, (2000 - run.Step) * 3 / run.SamplesPerSecond!.Value * 0.99, double.MaxValue);
            Assert.InRange(run.Metrics!["r1"], 0, 100);
        }
        Assert.True(next.Step > first.Step, $"It stood still at step {first.Step}.");
        Assert.NotEqual(first.CurrentLearningRate, next.CurrentLearningRate);
    }

    [Fact]
    public async Task Losses_OfARun_AreAPictureWithACurveForEach()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var end = await EndAsync(client, (await TrainingApp.StartAsync(client, Request, Stop)).Id);

        var response = await client.GetAsync($"/api/v1/training-runs/{end.Id}/losses.svg", Stop);

        Assert.Equal("image/svg+xml", response.Content.Headers.ContentType?.MediaType);
        var svg = XDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).Root!;
        var curves = svg.Elements().Where(e => e.Name.LocalName == "polyline").Select(e => e.Attribute("points")!.Value.Split(' ').Length).ToList();
        // Total, global, local, choice; and the validations after passes 3, 6 and 8.
        Assert.Equal([16, 16, 16, 16, 3], curves);
        Assert.Contains(svg.Elements(), e => e.Value.StartsWith("validation", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Estimate_BeforeAndAfterARun_SaysStepsAndBytesAndComesNearTheTimeItTakes()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var before = await EstimateAsync(client, Request);
        // One clip has no features yet: it counts until the run finds that it has none.
        Assert.Equal((7, 1, 6, 3, 2, 16, "arithmetic"), (before.Samples, before.WithoutFeatures, before.ValidationSamples, before.BatchSize, before.StepsPerEpoch, before.Steps, before.Basis));
        Assert.InRange(before.Bytes, 1 << 20, 1L << 30);

        var end = await EndAsync(client, (await TrainingApp.StartAsync(client, Request with { Epochs = 60 }, Stop)).Id);
        var after = await EstimateAsync(client, Request with { Epochs = 60 });

        Assert.Equal("earlier-runs", after.Basis);
        Assert.InRange(after.Seconds, end.WallSeconds / 2, end.WallSeconds * 2);
        Assert.Equal((end.TotalSteps, "arithmetic"), (end.Estimate!.Steps, end.Estimate.Basis));
        Assert.Empty((await client.GetFromJsonAsync<Page<TrainingRun>>("/api/v1/training-runs?state=queued", Stop))!.Items);
    }

    [Fact]
    public async Task Estimate_OfManyClips_CountsTheirRegionsUpToTheMemoryThatIsForThem()
    {
        var (little, much) = (await BytesAsync("1"), await BytesAsync("100"));

        // Two hundred clips whose regions the built-in model needs 33 kB of each.
        Assert.Equal(200 * 8 * 4 * (256 + 4) * 4 - (1 << 20), much - little);

        static async Task<long> BytesAsync(string megabytes)
        {
            using var app = new TrainingApp(settings: new() { ["Training:CacheMegabytes"] = megabytes });
            var client = app.CreateClient();
            await TrainingApp.BuiltInAsync(client, Stop);
            app.Datasets["made"] = new MadeDataset([.. Enumerable.Range(0, 199).Select(i => new Clip { Id = $"{i}", Captions = ["a red circle"] })]);
            return (await EstimateAsync(client, Request)).Bytes;
        }
    }

    [Theory]
    [InlineData("""{ "task": "dancing", "dataset": "library" }""", HttpStatusCode.BadRequest)]
    [InlineData("""{ "task": "retrieval", "dataset": "library" }""", HttpStatusCode.Conflict)]
    public async Task Estimate_WhenTheRunCouldNotBe_IsRefusedLikeTheRun(string body, HttpStatusCode status)
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        var response = await client.PostAsync("/api/v1/training-runs/estimate", new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Stop);
        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Run_BeforeItsFirstStep_SaysHowLongItWillTake()
    {
        using var app = new TrainingApp();
        app.Neighbours.Extraction = _ => "nothing";
        app.Neighbours.Tokenizes = false;
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        (await client.PostAsJsonAsync("/api/v1/datasets", ShapesDatasetTests.Shapes("shapes", 3), Stop)).EnsureSuccessStatusCode();

        var id = (await TrainingApp.StartAsync(client, Request with { Dataset = "shapes" }, Stop)).Id;
        var asked = await TrainingApp.RunAsync(client, id, "its clips are asked for", r => r.Preparation is { } p && p.Total == app.Neighbours.Videos.Count, Stop);
        // Nobody knows how long a clip takes.
        Assert.Equal((0, (double?)null), (asked.Preparation!.Done, asked.SecondsLeft));

        var videos = app.Neighbours.Videos.ToList();
        await app.PublishAsync(await ExtractionStandIn.ExtractedAsync(videos[0], app.Artifacts, Stop), Stop);
        var preparing = await TrainingApp.RunAsync(client, id, "a clip is made", r => r.Preparation?.Done == 1, Stop);
        Assert.True(preparing.SecondsLeft > 0, "It says nothing while the clips are made.");

        foreach (var video in videos.Skip(1)) await app.PublishAsync(await ExtractionStandIn.ExtractedAsync(video, app.Artifacts, Stop), Stop);
        var tokenizing = await TrainingApp.RunAsync(client, id, "its clips are there", r => r.Phase == RunPhase.Tokenizing, Stop);
        Assert.True(tokenizing.SecondsLeft > 0, "It says nothing while the texts are tokenised.");
    }

    [Fact]
    public async Task Checkpoints_OfCancelledRuns_AreKeptForTheNewestOnly()
    {
        using var app = new TrainingApp(settings: new() { ["Training:CheckpointSteps"] = "1", ["Training:KeepCheckpoints"] = "1" });
        var client = await ReadyAsync(app);
        var ids = new List<Guid>();
        for (var i = 0; i < 2; i++)
        {
            ids.Add((await TrainingApp.StartAsync(client, Request with { Epochs = 500 }, Stop)).Id);
            await TrainingApp.RunAsync(client, ids[i], "it has taken some steps", r => r.Step > 1, Stop);
            await client.PostAsync($"/api/v1/training-runs/{ids[i]}/cancel", null, Stop);
            await EndAsync(client, ids[i]);
        }
        var artifacts = app.Services.GetRequiredService<IArtifactStore>();
        await Eventually.TrueAsync("the older one's are gone", () => !artifacts.List(RunArtifacts.Checkpoints(ids[0])).Any(), Stop);
        Assert.Contains(RunArtifacts.Checkpoint(ids[1]), artifacts.List(RunArtifacts.Checkpoints(ids[1])));
    }

    [Fact]
    public async Task Metrics_OfARun_ArePrometheusSeriesByTask()
    {
        using var app = new TrainingApp();
        var client = await ReadyAsync(app);
        await EndAsync(client, (await TrainingApp.StartAsync(client, Request with { Epochs = 4 }, Stop)).Id);
        var text = await client.GetStringAsync("/metrics", Stop);
        foreach (var name in new[] { "demovlp_training_steps", "demovlp_training_loss", "demovlp_training_learning_rate", "demovlp_training_samples_per_second", "demovlp_training_validation" })
            Assert.Contains(text.Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains("task=\"retrieval\"", StringComparison.Ordinal));
    }

    [Fact]
    public void LossHistory_OfManySteps_StaysSmallAndKeepsTheMean()
    {
        var history = new LossHistory();
        for (var step = 1; step <= 4000; step++) history.Add(step, new Dictionary<string, double> { ["total"] = step });
        Assert.InRange(history.Points.Count, 250, LossHistory.MostPoints);
        Assert.Equal(4000, history.Points[^1].Step);
        Assert.Equal(2000.5, history.Points.Average(p => p.Losses["total"]), 6);
        history.CutAfter(1000, 1000);
        Assert.InRange(history.Points[^1].Step, 900, 1000);
    }

    [Fact]
    public void MaskedCrc_OfTheCheckString_IsThatOfTheSpecification() =>
        // CRC-32C of "123456789" is E3069283 (RFC 3720, appendix B.4, and the catalogue of CRCs), masked as TFRecords do.
        Assert.Equal(unchecked(((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xA282EAD8u), EventFile.MaskedCrc("123456789"u8));

    // By hand, so that what is read is the format and not what wrote it.
    private static List<Event> Read(byte[] file)
    {
        var events = new List<Event>();
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at, 8));
            Assert.Equal(EventFile.MaskedCrc(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8, 4)));
            var data = file.AsSpan(at + 12, length).ToArray();
            Assert.Equal(EventFile.MaskedCrc(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length, 4)));
            events.Add(Event.Parser.ParseFrom(data));
            at += length + 16;
        }
        return events;
    }

    private static async Task<HttpClient> ReadyAsync(TrainingApp app)
    {
        var client = app.CreateClient();
        await TrainingApp.BuiltInAsync(client, Stop);
        await MadeDataset.CreateAsync(app, Stop);
        return client;
    }

    private static Task<TrainingRun> EndAsync(HttpClient client, Guid id) => TrainingApp.RunAsync(client, id, "the run ends", r => r.EndedAt is not null, Stop);

    private static async Task<TrainingEstimate> EstimateAsync(HttpClient client, TrainingRunRequest request)
    {
        var response = await client.PostAsJsonAsync("/api/v1/training-runs/estimate", request, Stop);
        return (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<TrainingEstimate>(Stop))!;
    }
}
