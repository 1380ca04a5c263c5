using System.Globalization;
using System.Reflection;
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
using ModelTasks = DemoVlp.Contracts.Models.ModelTasks;

namespace DemoVlp.Training.Runs;

/// <summary>A run from being taken to its end, or to the point where it has to be let go.</summary>
internal sealed partial class RunExecution(
    RunDataSets dataSets, RunCorpus corpus, Fit fit, RunEstimates firstEstimates, Estimates estimates, CheckpointRetention retention, ModelRegistry registry, IArtifactStore artifacts, ComputeSettings compute, IBus bus, TimeProvider time, ILogger<RunExecution> log)
{
    private const int MostAttempts = 5;

    private static readonly string CodeVersion = typeof(RunExecution).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

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
                ? TooManyAttempts()
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
            if (run.Attempts < MostAttempts || held.Progress.Checkpointed)
            {
                LogInterrupted(e, run.Id);
                await held.ReleaseAsync(PauseAfterFault, orderly: false);
                return;
            }
            LogGivenUp(e, run.Id, MostAttempts);
            end = TooManyAttempts();
        }
        if (end is null && held.Reason == StopReason.Cancelled) end = RunEnd.Cancelled;
        if (end is not null)
        {
            if (await held.EndAsync(end, CancellationToken.None))
            {
                RunArtifacts.DeleteCaptions(artifacts, run.Id);
                await retention.ApplyAsync(CancellationToken.None);
                DemoVlp.ServiceDefaults.Telemetry.RecordStage("training", end.FailureCode ?? end.State, time.GetElapsedTime(clock));
                LogEnded(run.Id, end.State, end.FailureCode);
            }
        }
        else if (held.Reason == StopReason.HostStopping)
        {
            await held.ReleaseAsync(TimeSpan.Zero, orderly: true);
        }
    }

    // What it was is for whoever runs the service: messages of faults name files and hosts.
    private static RunEnd TooManyAttempts() =>
        RunEnd.Failed("too-many-attempts", $"The run was interrupted {MostAttempts} times before it reached its next checkpoint. The log of the training service says by what.");

    private async Task<RunEnd?> WorkAsync(HeldRun held)
    {
        var (run, stop) = (held.Run, held.Stop);
        stop.ThrowIfCancellationRequested();
        var model = await registry.FindAsync(run.BaseModel ?? "", stop) ?? throw new RunFailedException("unknown-model", "The model that the run was to start from is gone.");
        var directory = artifacts.GetLocalDirectory(model.Directory);
        var config = ModelConfig.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "config.json"), stop));
        var (data, examples, texts) = await dataSets.SettleAsync(run, new Preparing(held, time), stop);
        var totalSteps = new BatchPlan(examples.TrainClips, run.BatchSize, run.Epochs, run.Seed).TotalSteps;
        // Of a run that is taken up again the time left is the one it was last given up with.
        var secondsLeft = run.Record is null ? (await firstEstimates.OfAsync(run, data.Train, data.Validation, stop))?.Seconds : run.SecondsLeft;
        held.Progress = held.Progress with { Phase = RunPhase.Tokenizing, TotalSteps = totalSteps, Preparation = null, SecondsLeft = secondsLeft };
        await AnnounceStartAsync(new TrainingStarted(run.Id, totalSteps), stop);
        var tokens = await corpus.GetAsync(run, model, texts, examples.Texts.Count, config.MaxTextLength, stop);
        if (run.Record is null) await RecordAsync(held, data, examples, config, directory, tokens.Longest);

        if (await fit.RunAsync(new FitInput(held, directory, examples, tokens)) is not { } result) return null;
        try
        {
            // The model's card tells of the last step too.
            await held.WriteProgressAsync(stop);
            var version = VersionOf(run);
            await registry.AddAsync(new ModelRow
            {
                Version = version, Task = run.Task, Origin = "trained", Directory = VideoArtifacts.Model(version), RunId = run.Id, CreatedAt = time.GetUtcNow().UtcDateTime,
                Description = Describe(run, examples, result),
            }, result.Model, stop);
            return RunEnd.Completed(version);
        }
        finally
        {
            Directory.Delete(result.Workspace, recursive: true);
        }
    }

    private async Task RecordAsync(HeldRun held, RunData data, Examples examples, ModelConfig config, string directory, int longestText)
    {
        var run = held.Run;
        var known = ModelDirectory.ReadAnswers(directory, config);
        (config, var answers) = StartingModel.Outline(config, known, run.Task, examples.Answers());
        var unusable = new Dictionary<string, int>(examples.Unusable);
        if (data.WithoutRegions > 0) unusable["no-regions"] = data.WithoutRegions;
        var input = EstimateInput.Of(config, examples, longestText, run);
        var estimate = await estimates.OfAsync(input, held.Stop);
        await held.RecordAsync(new RunRecord
        {
            Fingerprint = data.Fingerprint, ValidationFingerprint = data.ValidationFingerprint, CodeVersion = CodeVersion,
            Compute = estimates.ComputeText, Optimizer = StepRule.Describe(estimate.Steps, compute),
            Clips = examples.Train.Select(e => e.Clip.Id).Distinct(StringComparer.Ordinal).Count(), Samples = examples.Train.Count, ValidationSamples = examples.Validation.Count,
            Answers = answers.Count, NewAnswers = Math.Max(0, answers.Count - known.Count), Unusable = unusable,
        }, estimate, new Work(config, input.Sample).Step(estimate.BatchSize), ModelSize.Parameters(config));
    }

    private string Describe(RunRow run, Examples examples, FitResult result)
    {
        var what = run.Task == ModelTasks.QuestionAnswering ? "questions" : "captioned clips";
        var validation = result.State.BestMetrics is { } best
            ? $"best after pass {result.State.BestEpoch} of {result.Epochs} by {examples.Validation.Count} {what} of the split val ({string.Join(", ", best.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key} {m.Value:0.###}")))})"
            : $"{result.Epochs} passes, not evaluated";
        return $"Trained from {run.BaseModel} on {examples.Train.Count} {what} of {run.Dataset}: {validation}; seed {run.Seed}"
            + (run.LossTerms == LossTerms.Both ? "" : $", {run.LossTerms} loss only") + (run.QuestionTypes is { } types ? $", questions of the types {string.Join(", ", types)} only" : "") + (compute.Precision == ComputePrecision.BFloat16 ? ", bfloat16." : ".");
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

    [LoggerMessage(LogLevel.Error, "Training run {RunId} was interrupted {Attempts} times before its next checkpoint and is given up.")]
    private partial void LogGivenUp(Exception exception, Guid runId, int attempts);

    [LoggerMessage(LogLevel.Information, "Training run {RunId} ended: {State} {FailureCode}")]
    private partial void LogEnded(Guid runId, string state, string? failureCode);

    [LoggerMessage(LogLevel.Warning, "The start of training run {RunId} was not published: the bus did not take it.")]
    private partial void LogStartUnsaid(Guid runId);
}
