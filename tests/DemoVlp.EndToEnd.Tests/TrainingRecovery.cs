using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>The process that trains is killed in the middle of a run; the run ends all the same, with every step done.</summary>
internal static class TrainingRecovery
{
    public static async Task KillAndResumeAsync(SystemUnderTest system, string process, CancellationToken cancellationToken)
    {
        foreach (var (clip, number) in (await ManyClips.MakeAsync(6, cancellationToken)).Select((clip, number) => (clip, number)))
        {
            var (_, video) = await system.Library.UploadAsync(new MemoryStream(clip), "clip.mp4", cancellationToken, null, $"square number {number}");
            Assert.Equal(VideoStatus.Indexed, (await system.Library.SettledAsync(video.Id, cancellationToken)).Status);
        }
        await Eventually.TrueAsync("the library holds all six", async token =>
            (await system.Library.GetAsync<Page<Dataset>>("datasets", token)).Items.Single(set => set.Name == "library").Clips == 6, cancellationToken);
        var run = await system.Library.PostAsync<TrainingRun>("training-runs", new TrainingRunRequest { Task = "retrieval", Dataset = "library", Epochs = 40, BatchSize = 3 }, cancellationToken);
        await Eventually.TrueAsync("the run has begun", async token => (await RunAsync(token)).Step > 2, cancellationToken, TimeSpan.FromMinutes(2));
        await system.KillAndRestartAsync(process, cancellationToken);
        var ended = await Eventually.ValueAsync("the run has ended", async token => await RunAsync(token) is { EndedAt: not null } done ? done : null,
            cancellationToken, TimeSpan.FromMinutes(4));
        Assert.True(ended.State == RunState.Completed, $"{ended.State} {ended.Failure}\n{system.Logs}");
        Assert.Equal(80, ended.Step);

        Task<TrainingRun> RunAsync(CancellationToken token) => system.Library.GetAsync<TrainingRun>($"training-runs/{run.Id}", token);
    }
}
