using System.Net;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Videos;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Models;
using DemoVlp.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class GenerationTests : IAsyncLifetime
{
    private World world = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => world = await World.StartAsync();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Activation_UnderConstantQueries_FailsNoneAndMixesNoModels()
    {
        await world.ActivateAsync("tiny-1", seed: 1);
        await world.AddIndexedVideosAsync(20);
        var answers = new System.Collections.Concurrent.ConcurrentBag<SearchResponse>();
        using var enough = new CancellationTokenSource();
        var queries = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested) answers.Add(await world.SearchAsync("a red circle"));
        }, Cancellation)).ToList();
        var last = await world.ActivateAsync("tiny-2", seed: 2);
        await World.EventuallyAsync("the new model has answered", () => answers.Any(a => a.ModelVersion == "tiny-2"));
        await enough.CancelAsync();
        await Task.WhenAll(queries);

        var byModel = answers.GroupBy(a => a.ModelVersion).ToDictionary(g => g.Key, g => g.ToList());
        Assert.Equal(["tiny-1", "tiny-2"], byModel.Keys.Order());
        foreach (var same in byModel.Values)
            Assert.All(same, answer => Assert.Equal(same[0].Items.Select(i => (i.VideoId, i.Score)), answer.Items.Select(i => (i.VideoId, i.Score))));
        Assert.NotEqual(byModel["tiny-1"][0].Items.Select(i => i.Score), byModel["tiny-2"][0].Items.Select(i => i.Score));
        Assert.Equal(20, world.Recorder.All<IndexRebuilt>().Single(r => r.ActivationId == last.ActivationId).Videos);
        Assert.Equal(20, world.Recorder.All<VideoIndexed>().Where(v => v.ModelVersion == "tiny-2").Select(v => v.VideoId).Distinct().Count());
    }

    [Fact]
    public async Task Activation_WhileVideosComeAndGo_TheNewGenerationHasExactlyThoseThatAreThere()
    {
        await world.ActivateAsync("tiny-1");
        var before = await world.AddIndexedVideosAsync(15);
        var activation = world.MakeModel("tiny-2", seed: 2);
        await world.Publish(activation);
        var after = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            await world.Publish(new VideoDeleted { VideoId = before[i * 3], DeletedAt = DateTime.UtcNow });
            after.Add(await world.AddVideoAsync(100 + i));
        }
        await world.RebuiltAsync(activation);
        var expected = before.Where((_, i) => i % 3 != 0).Concat(after).Order().ToList();
        await Eventually.TrueAsync("the library is as it should be",
            async _ => await world.SearchAsync("red") is { ModelVersion: "tiny-2" } found && found.Items.Select(i => i.VideoId).Order().SequenceEqual(expected), Cancellation);
    }

    [Fact]
    public async Task Activation_WhenAnnouncedAgain_IsAnsweredAgainAndAnOlderOneIsIgnored()
    {
        var older = world.MakeModel("tiny-0", seed: 3);
        var activation = await world.ActivateAsync("tiny-1");
        var videos = await world.AddIndexedVideosAsync(3);
        await world.Publish(older);
        await world.Publish(activation);
        await World.EventuallyAsync("the second answer", () => world.Recorder.All<IndexRebuilt>().Count(r => r.ActivationId == activation.ActivationId) == 2);
        await World.EventuallyAsync("the videos are announced again too", () => world.Recorder.All<VideoIndexed>().Count(v => videos.Contains(v.VideoId)) == 2 * videos.Count);
        Assert.DoesNotContain(world.Recorder.All<IndexRebuilt>(), r => r.ActivationId == older.ActivationId);
        Assert.Equal("tiny-1", (await world.SearchAsync("red")).ModelVersion);
        Assert.Equal(1, await world.Query(db => db.Generations.CountAsync(Cancellation)));
    }

    [Theory]
    [InlineData("model-not-found")]
    [InlineData("weights-mismatch")]
    [InlineData("model-task")]
    [InlineData("regions-mismatch")]
    public async Task Activation_WhenTheModelCannotBeUsed_FailsAndTheOldOneGoesOn(string code)
    {
        await world.ActivateAsync("tiny-1");
        await world.AddIndexedVideosAsync(2);
        var activation = code switch
        {
            "model-not-found" => world.Activation("absent"),
            "weights-mismatch" => world.MakeModel("bad"),
            "model-task" => world.MakeModel("bad", questions: true) with { Task = ModelTasks.Retrieval },
            _ => world.MakeModel("bad", featureDim: 5),
        };
        if (code == "weights-mismatch") await File.WriteAllBytesAsync(Path.Combine(world.Artifacts.GetLocalDirectory("models/bad"), "model.safetensors"), new byte[64], Cancellation);
        await world.Publish(activation);
        await World.EventuallyAsync("the activation has failed", () => world.Recorder.All<IndexRebuildFailed>().Any(f => f.ActivationId == activation.ActivationId));
        var failed = world.Recorder.All<IndexRebuildFailed>().First();
        Assert.Equal((code, activation.ModelVersion), (failed.Code, failed.ModelVersion));
        Assert.False(string.IsNullOrEmpty(failed.Detail));
        Assert.Equal(("tiny-1", 2), ((await world.SearchAsync("red")).ModelVersion, (await world.SearchAsync("red")).Items.Count));

        await world.Publish(activation);
        await World.EventuallyAsync("the answer is given again", () => world.Recorder.All<IndexRebuildFailed>().Count() == 2);
    }

    [Fact]
    public async Task Build_WhenItsProcessDied_GoesOnWhereItStood()
    {
        await world.ActivateAsync("tiny-1", seed: 1);
        var videos = await world.AddIndexedVideosAsync(6);
        var activation = world.MakeModel("tiny-2", seed: 2);
        // As a killed process leaves it: a generation half built under a lease that nobody renews.
        var id = await world.Query(async db =>
        {
            var generation = new GenerationRow
            {
                Task = ModelTasks.Retrieval, ActivationId = activation.ActivationId, ActivatedAt = activation.ActivatedAt, ModelVersion = "tiny-2", ModelDirectory = "models/tiny-2",
                LeaseOwner = "dead", LeaseUntil = DateTime.UtcNow.AddHours(1),
            };
            db.Generations.Add(generation);
            await db.SaveChangesAsync(Cancellation);
            return generation.Id;
        });
        var video = await world.Query(db => db.Videos.SingleAsync(v => v.Id == videos[0], Cancellation));
        await world.Publish(World.Extracted(video.Id, video.Regions!));
        await Eventually.TrueAsync("one is embedded", _ => world.Query(db => db.Embeddings.AnyAsync(e => e.GenerationId == id, Cancellation)), Cancellation);
        var written = await world.Query(db => db.Embeddings.Where(e => e.GenerationId == id).Select(e => e.IndexedAt).SingleAsync(Cancellation));
        Assert.Equal("tiny-1", (await world.SearchAsync("red")).ModelVersion);

        await world.Query(db => db.Generations.Where(g => g.Id == id).ExecuteUpdateAsync(set => set.SetProperty(g => g.LeaseUntil, DateTime.UtcNow.AddSeconds(-1)), Cancellation));
        await world.RestartAsync();
        await world.RebuiltAsync(activation);
        Assert.Equal(6, (await world.SearchAsync("red")).Items.Count);
        Assert.Equal(written, await world.Query(db => db.Embeddings.Where(e => e.GenerationId == id && e.VideoId == videos[0]).Select(e => e.IndexedAt).SingleAsync(Cancellation)));
    }

    [Fact]
    public async Task Activation_OfAnEarlierModel_BringsItsAnswersBack()
    {
        await world.ActivateAsync("tiny-1", seed: 1);
        await world.AddIndexedVideosAsync(5);
        var before = await world.SearchAsync("a red circle");
        await world.ActivateAsync("tiny-2", seed: 2);
        var back = world.Activation("tiny-1");
        await world.Publish(back);
        await world.RebuiltAsync(back);
        var after = await world.SearchAsync("a red circle");
        Assert.Equal("tiny-1", after.ModelVersion);
        Assert.Equal(before.Items.Select(i => (i.VideoId, i.Score)), after.Items.Select(i => (i.VideoId, i.Score)));
    }

    [Fact]
    public async Task Activation_OfAQuestionModel_SwitchesAnswersAndLeavesSearchAlone()
    {
        await world.ActivateAsync("tiny-1");
        var video = (await world.AddIndexedVideosAsync(1))[0];
        await world.ActivateAsync("qa-1", seed: 1, questions: true);
        var first = await world.PostAsync<QuestionResponse>($"videos/{video}/answers", new QuestionRequest("what color?"));
        await world.ActivateAsync("qa-2", seed: 2, questions: true);
        var second = await world.PostAsync<QuestionResponse>($"videos/{video}/answers", new QuestionRequest("what color?"));
        Assert.Equal(("qa-1", "qa-2"), (first.ModelVersion, second.ModelVersion));
        Assert.NotEqual(first.Answers.Select(a => a.Probability), second.Answers.Select(a => a.Probability));
        Assert.Equal("tiny-1", (await world.SearchAsync("red")).ModelVersion);
    }

    [Fact]
    public async Task Activation_WhileVideosAreEmbedded_TellsHowFarItIs()
    {
        await world.ActivateAsync("tiny-1");
        await world.AddIndexedVideosAsync(6);
        var activation = await world.ActivateAsync("tiny-2", seed: 2);
        await World.EventuallyAsync("its progress was told", () => world.Recorder.All<IndexProgressed>().Any(p => p.ActivationId == activation.ActivationId));
        var told = world.Recorder.All<IndexProgressed>().Where(p => p.ActivationId == activation.ActivationId).ToList();
        Assert.All(told, p => Assert.InRange(p.Embedded, 0, p.Total));
        Assert.Equal((0, 6), (told[0].Embedded, told[0].Total));
    }

    [Fact]
    public async Task Activations_WhenTwoComeAtOnce_TheLaterAnswersAndQueriesNeverFail()
    {
        await world.ActivateAsync("tiny-1", seed: 1);
        await world.AddIndexedVideosAsync(12);
        var (earlier, later) = (world.MakeModel("tiny-2", seed: 2), world.MakeModel("tiny-3", seed: 3));
        using var enough = new CancellationTokenSource();
        var answers = new System.Collections.Concurrent.ConcurrentBag<SearchResponse>();
        var queries = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested) answers.Add(await world.SearchAsync("a blue square"));
        }, Cancellation);

        await Task.WhenAll(world.Publish(later), world.Publish(earlier));
        await world.RebuiltAsync(later);
        await World.EventuallyAsync("the later one has answered", () => answers.Any(a => a.ModelVersion == "tiny-3"));
        await enough.CancelAsync();
        await queries;

        Assert.All(answers, a => Assert.Equal(12, a.Items.Count));
        Assert.Equal("tiny-3", (await world.SearchAsync("red")).ModelVersion);
        Assert.Equal(1, await world.Query(db => db.Generations.CountAsync(g => g.Task == ModelTasks.Retrieval && g.State == GenerationState.Active, Cancellation)));
        Assert.Equal(0, await world.Query(db => db.Generations.CountAsync(g => g.State == GenerationState.Building, Cancellation)));
    }

    [Fact]
    public async Task Models_WhenReplaced_AreFreed()
    {
        for (ulong i = 0; i < 3; i++)
        {
            await world.ActivateAsync($"tiny-{i}", seed: i);
            await world.SearchAsync("red");
        }
        await World.EventuallyAsync("only the active model is in memory", () => world.Services.GetRequiredService<ModelCache>().Count == 1);
        Assert.Equal(HttpStatusCode.OK, (await world.Http.GetAsync("/health/ready", Cancellation)).StatusCode);
    }
}
