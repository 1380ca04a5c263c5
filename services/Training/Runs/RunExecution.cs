using System.Security.Cryptography;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Training;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Training.Data;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Registry;
using MassTransit;

namespace DemoVlp.Training.Runs;

/// <summary>A run from being taken to its end, or to the point where it has to be let go.</summary>
internal sealed partial class RunExecution(
    RunClips runClips, RunCorpus corpus, RetrievalFit fit, ModelRegistry registry, IArtifactStore artifacts, ComputeSettings compute, IBus bus, TimeProvider time, ILogger<RunExecution> log)
{
    private const int MostAttempts = 5;
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromSeconds(10);

    /// <summary>Works on the run. Its end is in its row when this returns; if it is not ended, it has been given back or belongs to somebody else.</summary>
    public async Task ExecuteAsync(HeldRun held)
    {
        var run = held.Run;
        var clock = time.GetTimestamp();
        LogTaken(run.Id, run.Attempts);
        RunEnd? end;
        try
        {
            end = run.Attempts > MostAttempts
                ? RunEnd.Failed("too-many-attempts", $"The run was interrupted {MostAttempts} times before it reached its next checkpoint.")
                : await WorkAsync(held);
        }
        catch (RunFailedException e)
        {
            end = RunEnd.Failed(e.Code, e.Message);
        }
        catch (ModelFormatException e)
        {
            end = RunEnd.Failed(e.Code, e.Message);
        }
        catch (OperationCanceledException) when (held.Reason != StopReason.None)
        {
            end = null;
        }
        catch (Exception e) when (held.Reason == StopReason.None)
        {
            // Perhaps the disk or the database was away: another try, here or elsewhere, up to the limit of attempts.
            LogInterrupted(e, run.Id);
            await held.ReleaseAsync(PauseAfterFault, orderly: false);
            return;
        }
        if (end is null && held.Reason == StopReason.Cancelled) end = RunEnd.Cancelled;
        if (end is not null)
        {
            if (await held.EndAsync(end, CancellationToken.None))
            {
                RunArtifacts.DeleteCaptions(artifacts, run.Id);
                if (end.State == RunState.Completed) artifacts.Delete(RunArtifacts.Checkpoint(run.Id));
                DemoVlp.ServiceDefaults.Telemetry.RecordStage("training", end.FailureCode ?? end.State, time.GetElapsedTime(clock));
                LogEnded(run.Id, end.State, end.FailureCode);
            }
        }
        else if (held.Reason == StopReason.HostStopping)
        {
            await held.ReleaseAsync(TimeSpan.Zero, orderly: true);
        }
    }

    private async Task<RunEnd?> WorkAsync(HeldRun held)
    {
        var (run, stop) = (held.Run, held.Stop);
        stop.ThrowIfCancellationRequested();
        var model = await registry.FindAsync(run.BaseModel ?? "", stop) ?? throw new RunFailedException("unknown-model", "The model that the run was to start from is gone.");
        var directory = artifacts.GetLocalDirectory(model.Directory);
        var config = ModelConfig.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "config.json"), stop));
        var (clips, captions) = await runClips.SettleAsync(run.Id, stop);
        var totalSteps = new BatchPlan(clips.Count, run.BatchSize, run.Epochs, run.Seed).TotalSteps;
        held.Progress = held.Progress with { Phase = RunPhase.Tokenizing, TotalSteps = totalSteps };
        await AnnounceStartAsync(new TrainingStarted(run.Id, totalSteps), stop);
        var tokens = await corpus.GetAsync(run, model, captions, clips.Sum(c => c.Captions.Count), config.MaxTextLength, stop);

        var workspace = await fit.RunAsync(new FitInput(held, directory, clips, tokens));
        if (workspace is null) return null;
        try
        {
            var version = VersionOf(run);
            await registry.AddAsync(new ModelRow
            {
                Version = version, Task = run.Task, Origin = "trained", Directory = VideoArtifacts.Model(version), RunId = run.Id, CreatedAt = time.GetUtcNow().UtcDateTime,
                Description = $"Trained from {run.BaseModel} on {clips.Count} captioned videos of the library: {run.Epochs} epochs, seed {run.Seed}{(compute.Precision == ComputePrecision.BFloat16 ? ", bfloat16" : "")}. Not evaluated.",
            }, RetrievalFit.ModelIn(workspace), stop);
            return RunEnd.Completed(version);
        }
        finally
        {
            Directory.Delete(workspace, recursive: true);
        }
    }

    // Hashed: run ids made on one machine within a moment differ in a few digits only. The same run makes the same version, however often it is resumed.
    private static string VersionOf(RunRow run) => $"{run.Task}-{run.CreatedAt:yyyyMMdd}-{Convert.ToHexStringLower(SHA256.HashData(run.Id.ToByteArray()))[..10]}";

    private async Task AnnounceStartAsync(TrainingStarted started, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        try
        {
            await bus.Publish(started, patience.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            LogStartUnsaid(started.RunId);
        }
    }

    [LoggerMessage(LogLevel.Information, "Training run {RunId} taken (attempt {Attempt} since its last checkpoint).")]
    private partial void LogTaken(Guid runId, int attempt);

    [LoggerMessage(LogLevel.Warning, "Training run {RunId} was interrupted and will be taken up again.")]
    private partial void LogInterrupted(Exception exception, Guid runId);

    [LoggerMessage(LogLevel.Information, "Training run {RunId} ended: {State} {FailureCode}")]
    private partial void LogEnded(Guid runId, string state, string? failureCode);

    [LoggerMessage(LogLevel.Warning, "The start of training run {RunId} was not published: the bus did not take it.")]
    private partial void LogStartUnsaid(Guid runId);
}
