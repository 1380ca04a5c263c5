using System.Diagnostics;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>
/// What a run writes down for people to look at: a TensorBoard event file for each attempt, and the history of its losses. Files of the store are written whole,
/// so both are kept beside it and copied every few seconds and before each checkpoint; what was not copied when a worker was killed, its successor does and writes again. Used on the training thread.
/// </summary>
internal sealed class Journal : IDisposable
{
    // Enough for any curve, and small enough to be copied again and again.
    private const int MostEvents = 5000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly IArtifactStore artifacts;
    private readonly Guid runId;
    private readonly string path, name;
    private readonly EventFile events;
    private readonly int stride;
    private readonly LossHistory history;
    private long copied = Stopwatch.GetTimestamp();

    /// <summary>Goes on after a step.</summary>
    /// <param name="artifacts">Where it is copied to.</param>
    /// <param name="runId">The run.</param>
    /// <param name="workspace">A folder for the files under work.</param>
    /// <param name="time">The clock of the events.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="validatedSteps">Steps done at the last validation.</param>
    /// <param name="totalSteps">Steps in all.</param>
    public Journal(IArtifactStore artifacts, Guid runId, string workspace, TimeProvider time, int step, int validatedSteps, int totalSteps)
    {
        (this.artifacts, this.runId, name) = (artifacts, runId, EventFile.NameAt(time.GetUtcNow()));
        path = Path.Combine(workspace, name);
        events = new EventFile(path, time);
        stride = Math.Max(1, totalSteps / MostEvents);
        history = ReadHistory(artifacts, runId) ?? new LossHistory();
        history.CutAfter(step, validatedSteps);
    }

    /// <summary>The history of a run's losses as it was last copied; null: there is none yet.</summary>
    public static LossHistory? ReadHistory(IArtifactStore artifacts, Guid runId)
    {
        if (artifacts.FindAsync(RunArtifacts.History(runId), "application/json", CancellationToken.None).GetAwaiter().GetResult() is not { } file) return null;
        // Not through the reference: a newer one may take its place at this moment.
        using var stream = File.OpenRead(artifacts.GetLocalPath(file));
        return JsonSerializer.Deserialize<LossHistory>(stream);
    }

    /// <summary>Enters a step.</summary>
    public void Stepped(int step, IReadOnlyDictionary<string, double> losses, double learningRate, double samplesPerSecond)
    {
        history.Add(step, losses);
        if (step % stride == 0) events.Add(step, [.. losses.Select(l => ($"loss/{l.Key}", l.Value)), ("learning_rate", learningRate), ("samples_per_second", samplesPerSecond)]);
        if (Stopwatch.GetElapsedTime(copied) >= Interval) Copy();
    }

    /// <summary>Enters a validation.</summary>
    public void Validated(int step, Dictionary<string, double> metrics)
    {
        history.AddValidation(step, metrics);
        events.Add(step, metrics.Select(m => ($"validation/{m.Key}", m.Value)));
        Copy();
    }

    /// <summary>Brings the store up to date.</summary>
    public void Copy()
    {
        events.Flush();
        Write(RunArtifacts.Events(runId, name), "application/octet-stream", File.ReadAllBytes(path));
        Write(RunArtifacts.History(runId), "application/json", JsonSerializer.SerializeToUtf8Bytes(history));
        copied = Stopwatch.GetTimestamp();
    }

    public void Dispose() => events.Dispose();

    private void Write(string key, string mediaType, byte[] bytes) =>
        artifacts.WriteAsync(key, mediaType, (target, token) => target.WriteAsync(bytes, token).AsTask(), CancellationToken.None).GetAwaiter().GetResult();
}
