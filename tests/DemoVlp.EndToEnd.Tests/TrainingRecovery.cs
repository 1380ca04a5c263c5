using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>The process that trains is killed in the middle of a run; the run ends all the same, with every step done.</summary>
internal static class TrainingRecovery
{
    /// <summary>Retrieval, on uploaded clips.</summary>
    public static async Task KillAndResumeAsync(SystemUnderTest system, string process, CancellationToken cancellationToken)
    {
        foreach (var (clip, number) in (await ManyClips.MakeAsync(6, cancellationToken)).Select((clip, number) => (clip, number)))
        {
            var (_, video) = await system.Library.UploadAsync(new MemoryStream(clip), "clip.mp4", cancellationToken, null, $"square number {number}");
            Assert.Equal(VideoStatus.Indexed, (await system.Library.SettledAsync(video.Id, cancellationToken)).Status);
        }
        await Eventually.TrueAsync("the library holds all six", async token =>
            (await system.Library.GetAsync<Page<Dataset>>("datasets", token)).Items.Single(set => set.Name == "library").Clips == 6, cancellationToken);
        var request = new TrainingRunRequest { Task = "retrieval", Dataset = "library", Epochs = 40, BatchSize = 3 };
        Assert.Equal(80, (await KillAfterAsync(2, request, system, process, cancellationToken)).Step);
    }

    /// <summary>Question answering, on a generated data set; besides, it ends as if nothing had happened.</summary>
    public static async Task KillAndCompareAsync(SystemUnderTest system, string process, CancellationToken cancellationToken)
    {
        await system.Client.MovingShapesAsync("asked", seed: 4, clips: 6, cancellationToken);
        // Named, so that both begin with the same model whatever answers meanwhile.
        var model = await system.Client.ActiveAsync("question-answering", cancellationToken);
        var request = new TrainingRunRequest { Task = model.Task, Dataset = "asked", BaseModel = model.Version, Epochs = 20, BatchSize = 8, Seed = 3 };
        var undisturbed = await system.Client.TrainAsync(request, cancellationToken);
        Assert.True(undisturbed.State == RunState.Completed, $"{undisturbed.State} {undisturbed.Failure}\n{system.Logs}");
        var disturbed = await KillAfterAsync(undisturbed.Step / 4, request, system, process, cancellationToken);

        Assert.Equal(undisturbed.Step, disturbed.Step);
        Assert.Equal(undisturbed.Record!.Fingerprint, disturbed.Record!.Fingerprint);
        Assert.Equal(undisturbed.Losses, disturbed.Losses);
        Assert.Equal(undisturbed.BestMetrics, disturbed.BestMetrics);
        Assert.Equal(undisturbed.BestEpoch, disturbed.BestEpoch);
        var expected = Assert.Single(await AttemptsAsync(undisturbed)).ToDictionary(number => (number.Step, number.Tag), number => BitConverter.SingleToInt32Bits(number.Value));
        var attempts = await AttemptsAsync(disturbed);
        Assert.Equal(2, attempts.Count);
        // Not from the beginning.
        var resumed = attempts[1].Where(number => number.Tag == "loss/total").Select(number => (int)number.Step).ToList();
        Assert.InRange(resumed[0], 2, disturbed.Step);
        Assert.Equal(Enumerable.Range(resumed[0], disturbed.Step - resumed[0] + 1), resumed);
        Assert.All(attempts.SelectMany(numbers => numbers), number => Assert.True(expected[(number.Step, number.Tag)] == BitConverter.SingleToInt32Bits(number.Value), $"{number}"));
        Assert.Equal(await WeightsAsync(undisturbed), await WeightsAsync(disturbed));

        // How fast it was is no part of what it computed.
        async Task<List<List<EventNumber>>> AttemptsAsync(TrainingRun run) =>
            [.. EventFile.Read(await BytesAsync(system.Client.OpenTensorBoardAsync(run.Id, cancellationToken))).Select(numbers => numbers.FindAll(number => number.Tag != "samples_per_second"))];

        Task<byte[]> WeightsAsync(TrainingRun run) => BytesAsync(system.Client.OpenModelFileAsync(run.ModelVersion!, "model.safetensors", cancellationToken: cancellationToken));

        async Task<byte[]> BytesAsync(Task<Stream> opened)
        {
            await using var stream = await opened;
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes, cancellationToken);
            return bytes.ToArray();
        }
    }

    // The run as it ended.
    private static async Task<TrainingRun> KillAfterAsync(int steps, TrainingRunRequest request, SystemUnderTest system, string process, CancellationToken cancellationToken)
    {
        var run = await system.Library.PostAsync<TrainingRun>("training-runs", request, cancellationToken);
        await Eventually.TrueAsync("the run is under way", async token => (await RunAsync(token)).Step > steps, cancellationToken, TimeSpan.FromMinutes(2));
        await system.KillAndRestartAsync(process, cancellationToken);
        var ended = await Eventually.ValueAsync("the run has ended", async token => await RunAsync(token) is { EndedAt: not null } done ? done : null,
            cancellationToken, TimeSpan.FromMinutes(4));
        Assert.True(ended.State == RunState.Completed, $"{ended.State} {ended.Failure}\n{system.Logs}");
        return ended;

        Task<TrainingRun> RunAsync(CancellationToken token) => system.Library.GetAsync<TrainingRun>($"training-runs/{run.Id}", token);
    }
}
