using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>The process that trains is killed again and again; the run ends as if nothing had happened.</summary>
internal static class TrainingRecovery
{
    // Shares of a run at which it is killed: as soon as it is accepted, early and late.
    private static readonly double[] Moments = [0, 0.25, 0.7];

    /// <summary>Of a task's model, on a generated data set.</summary>
    public static async Task KillAndCompareAsync(SystemUnderTest system, string process, string task, CancellationToken cancellationToken)
    {
        await system.Client.MovingShapesAsync("killed", seed: 4, clips: 16, cancellationToken);
        // Named, so that both begin with the same model whatever answers meanwhile.
        var model = await system.Client.ActiveAsync(task, cancellationToken);
        // Batches that replicas share out.
        var (epochs, batch) = task == EvaluationTask.QuestionAnswering ? (12, 16) : (80, 16);
        var request = new TrainingRunRequest { Task = task, Dataset = "killed", BaseModel = model.Version, Epochs = epochs, BatchSize = batch, Seed = 3 };
        var undisturbed = await system.Client.TrainAsync(request, cancellationToken);
        Assert.True(undisturbed.State == RunState.Completed, $"{undisturbed.State} {undisturbed.Failure}\n{system.Logs}");
        var disturbed = await KillAndEndAsync([.. Moments.Select(share => (int)(share * undisturbed.Step))], request, system, process, cancellationToken);

        Assert.Equal(undisturbed.Step, disturbed.Step);
        Assert.Equal(undisturbed.Record!.Fingerprint, disturbed.Record!.Fingerprint);
        Assert.Equal(undisturbed.Losses, disturbed.Losses);
        Assert.Equal(undisturbed.BestMetrics, disturbed.BestMetrics);
        Assert.Equal(undisturbed.BestEpoch, disturbed.BestEpoch);
        var expected = Assert.Single(await AttemptsAsync(undisturbed)).ToDictionary(number => (number.Step, number.Tag), number => BitConverter.SingleToInt32Bits(number.Value));
        var attempts = await AttemptsAsync(disturbed);
        // Whoever is killed before the first step has written nothing.
        Assert.InRange(attempts.Count, Moments.Length, Moments.Length + 1);
        // The later ones not from the beginning.
        var starts = attempts.Select(numbers => Steps(numbers)[0]).ToList();
        Assert.All(starts[^(Moments.Length - 1)..], start => Assert.InRange(start, 2, disturbed.Step));
        Assert.Equal(starts.Order(), starts);
        Assert.All(attempts, numbers => Assert.Equal(Enumerable.Range(Steps(numbers)[0], Steps(numbers).Count), Steps(numbers)));
        Assert.Equal(disturbed.Step, Steps(attempts[^1])[^1]);
        Assert.All(attempts.SelectMany(numbers => numbers), number => Assert.True(expected[(number.Step, number.Tag)] == BitConverter.SingleToInt32Bits(number.Value), $"{number}"));
        Assert.Equal(await WeightsAsync(undisturbed), await WeightsAsync(disturbed));

        static List<int> Steps(List<EventNumber> numbers) => [.. numbers.Where(number => number.Tag == "loss/total").Select(number => (int)number.Step)];

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
    private static async Task<TrainingRun> KillAndEndAsync(int[] steps, TrainingRunRequest request, SystemUnderTest system, string process, CancellationToken cancellationToken)
    {
        var run = await system.Library.PostAsync<TrainingRun>("training-runs", request, cancellationToken);
        foreach (var step in steps)
        {
            await Eventually.TrueAsync($"step {step} is done", async token => (await RunAsync(token)).Step >= step, cancellationToken, TimeSpan.FromMinutes(2));
            await system.KillAndRestartAsync(process, cancellationToken);
        }
        var ended = await Eventually.ValueAsync("the run has ended", async token => await RunAsync(token) is { EndedAt: not null } done ? done : null,
            cancellationToken, TimeSpan.FromMinutes(4));
        Assert.True(ended.State == RunState.Completed, $"{ended.State} {ended.Failure}\n{system.Logs}");
        return ended;

        Task<TrainingRun> RunAsync(CancellationToken token) => system.Library.GetAsync<TrainingRun>($"training-runs/{run.Id}", token);
    }
}
