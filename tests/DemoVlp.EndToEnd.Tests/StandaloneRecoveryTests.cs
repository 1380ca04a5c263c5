using DemoVlp.Contracts.Http;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>kill -9 at any moment and start again: everything accepted ends up indexed or failed, nothing twice.</summary>
public sealed class StandaloneRecoveryTests(StandaloneSystem system) : IClassFixture<StandaloneSystem>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kill9_AtAnyMoment_LosesAndDoublesNothing()
    {
        var before = (await system.Library.AllVideosAsync(Token)).Select(video => video.Id).ToHashSet();
        var clips = await ManyClips.MakeAsync(12, Token);
        var accepted = new List<Guid>();
        for (var round = 0; round < 4; round++)
        {
            foreach (var clip in clips.Skip(round * 3).Take(3))
                accepted.Add((await system.Library.UploadPatientlyAsync(clip, "clip.mp4", Token)).Id);
            // Each round dies at another moment: at once, while sampling, while extracting, while embedding.
            await Task.Delay(TimeSpan.FromMilliseconds(300 * round), Token);
            await system.KillAndRestartAsync("Standalone", Token);
        }
        foreach (var id in accepted)
        {
            var video = await system.Library.SettledAsync(id, Token);
            Assert.True(video.Status == VideoStatus.Indexed, $"{video.Failure}\n{system.Logs}");
        }
        Assert.Equal(accepted.Order(), (await system.Library.AllVideosAsync(Token)).Select(video => video.Id).Where(id => !before.Contains(id)).Order());
        Assert.Equal(accepted.Order(), (await system.Library.SearchAllAsync("a red square", Token)).Select(hit => hit.VideoId).Where(id => !before.Contains(id)).Order());
    }

    [Fact]
    public async Task Kill9_DuringTraining_ResumesTheRun()
    {
        foreach (var (clip, number) in (await ManyClips.MakeAsync(6, Token)).Select((clip, number) => (clip, number)))
        {
            var (_, video) = await system.Library.UploadAsync(new MemoryStream(clip), "clip.mp4", Token, null, $"square number {number}");
            Assert.Equal(VideoStatus.Indexed, (await system.Library.SettledAsync(video.Id, Token)).Status);
        }
        var run = await system.Library.PostAsync<TrainingRun>("training-runs", new TrainingRunRequest { Task = "retrieval", Dataset = "library", Epochs = 40, BatchSize = 3 }, Token);
        await DemoVlp.Testing.Eventually.TrueAsync("the run has begun", async token =>
            (await system.Library.GetAsync<TrainingRun>($"training-runs/{run.Id}", token)).Step > 2, Token, TimeSpan.FromMinutes(2));
        await system.KillAndRestartAsync("Standalone", Token);
        var ended = await DemoVlp.Testing.Eventually.ValueAsync("the run has ended", async token =>
            await system.Library.GetAsync<TrainingRun>($"training-runs/{run.Id}", token) is { EndedAt: not null } done ? done : null, Token, TimeSpan.FromMinutes(4));
        Assert.True(ended.State == RunState.Completed, $"{ended.State} {ended.Failure}\n{system.Logs}");
        Assert.Equal(80, ended.Step);
    }
}
