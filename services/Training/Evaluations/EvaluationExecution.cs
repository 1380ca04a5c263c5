using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Registry;
using DemoVlp.Training.Runs;
using DemoVlp.Training.Scoring;

namespace DemoVlp.Training.Evaluations;

/// <summary>An evaluation from being taken to its end. It takes minutes: whoever takes up an interrupted one begins anew.</summary>
internal sealed partial class EvaluationExecution(
    FindDataset find, ModelRegistry registry, EvaluationTexts texts, ClipRegionsReader regions, IArtifactStore artifacts, ComputeSettings compute, EvaluationLeases leases,
    ILogger<EvaluationExecution> log)
{
    private const int MostAttempts = 3;
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(5);

    /// <summary>Works on it. Its end is in its row when this returns; if it has none, it has been given back or belongs to somebody else.</summary>
    public async Task ExecuteAsync(HeldEvaluation held)
    {
        var evaluation = held.Evaluation;
        EvaluationEnd? end = null;
        try
        {
            end = evaluation.Attempts > MostAttempts
                ? TooManyAttempts()
                : await MeasureAsync(held);
        }
        catch (RunFailedException e)
        {
            end = EvaluationEnd.Failed(e.Code, e.Message);
        }
        catch (ModelFormatException e)
        {
            end = EvaluationEnd.Failed(e.Code, e.Message);
        }
        catch (OperationCanceledException) when (held.Reason != StopReason.None)
        {
            if (held.Reason == StopReason.Cancelled) end = EvaluationEnd.Cancelled;
            else if (held.Reason == StopReason.HostStopping) await leases.ReleaseAsync(evaluation.Id, held.Owner, TimeSpan.Zero, orderly: true);
        }
        catch (Exception e) when (held.Reason == StopReason.None)
        {
            // Perhaps the disk or the database was away.
            if (evaluation.Attempts < MostAttempts)
            {
                LogInterrupted(e, evaluation.Id);
                await leases.ReleaseAsync(evaluation.Id, held.Owner, PauseAfterFault, orderly: false);
                return;
            }
            LogGivenUp(e, evaluation.Id, MostAttempts);
            end = TooManyAttempts();
        }
        if (end is null || !await held.EndAsync(end)) return;
        texts.Delete(evaluation.Id);
        LogEnded(evaluation.Id, end.State, end.FailureCode);
    }

    // What it was is for whoever runs the service: messages of faults name files and hosts.
    private static EvaluationEnd TooManyAttempts() =>
        EvaluationEnd.Failed("too-many-attempts", $"The evaluation was interrupted {MostAttempts} times. The log of the training service says by what.");

    private async Task<EvaluationEnd> MeasureAsync(HeldEvaluation held)
    {
        var (evaluation, stop) = (held.Evaluation, held.Stop);
        stop.ThrowIfCancellationRequested();
        var model = await registry.FindAsync(evaluation.Model, stop) ?? throw new RunFailedException("unknown-model", "The model is gone.");
        var dataset = await find(evaluation.Dataset, stop) ?? throw new RunFailedException("unknown-dataset", "The data set is gone.");
        await dataset.PrepareAsync([evaluation.Split], new Reported<PrepareProgress>(p => held.Progress = held.Progress with { Done = p.Done, Total = p.Total }), stop);
        var measure = Measure.For(evaluation.Task);
        var clips = (await dataset.ListAsync(evaluation.Split, stop)).Where(measure.Uses).ToList();
        CheckComplete(held, measure, clips);

        var directory = artifacts.GetLocalDirectory(model.Directory);
        var config = ModelConfig.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "config.json"), stop));
        held.Progress = held.Progress with { Phase = "tokenizing", Done = null, Total = null };
        var tokens = await texts.TokenizeAsync(evaluation, model, [.. measure.Texts(clips)], config.MaxTextLength, stop);
        held.Progress = held.Progress with { Phase = "scoring" };
        var progress = new Reported<ScoringProgress>(p => held.Progress = held.Progress with { Done = p.Done, Total = p.Total });
        // A thread of its own: torch's scopes belong to a thread, and those of the pool are needed elsewhere.
        var metrics = await Task.Factory.StartNew(() => Score(evaluation.Task, directory, clips, tokens, progress, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return new EvaluationEnd(RunState.Completed, metrics, EvaluationReports.MainMetric(metrics));
    }

    private static void CheckComplete(HeldEvaluation held, Measure measure, List<Clip> clips)
    {
        var missing = clips.Where(c => c.Regions is null).ToList();
        held.Progress = held.Progress with { Samples = clips.Sum(measure.Samples), Missing = missing.Count, Fingerprint = SplitFingerprint.Of(clips) };
        if (clips.Count < measure.FewestClips)
            throw new RunFailedException("nothing-to-measure", $"The split has {clips.Count} clips with {measure.Of}; at least {measure.FewestClips} are needed.");
        if (clips.Count > measure.MostClips)
            throw new RunFailedException("too-many-clips", $"The split has {clips.Count} clips with {measure.Of}; at most {measure.MostClips} can be compared with one another.");
        // A score without them would be one of another data set.
        if (missing.Count > 0)
            throw new RunFailedException("feature-missing", $"{missing.Count} of {clips.Count} clips have no region features; the first is {missing[0].Id}: {missing[0].Missing ?? "there is no file"}");
    }

    private EvaluationMetrics Score(string task, string directory, IReadOnlyList<Clip> clips, CorpusTokens tokens, IProgress<ScoringProgress> progress, CancellationToken stop)
    {
        if (task == EvaluationTask.QuestionAnswering)
        {
            using var answering = QuestionAnsweringModel.Load(directory, compute.Device, compute.Precision);
            return EvaluationReports.Describe(QuestionScoring.Score(answering, clips, i => tokens[i], ReadAsync, progress, stop));
        }
        using var searching = RetrievalModel.Load(directory, compute.Device, compute.Precision);
        return task == EvaluationTask.Retrieval
            ? EvaluationReports.Describe(RetrievalScoring.Score(searching, clips, i => tokens[i], ReadAsync, progress, stop))
            : EvaluationReports.Describe(ChoiceScoring.Score(searching, clips, i => tokens[i], ReadAsync, progress, stop));
    }

    private Task<IReadOnlyList<Modeling.Regions.FrameRegions>> ReadAsync(Clip clip, CancellationToken cancellationToken) => regions.ReadAsync(clip.Regions!, cancellationToken);

    [LoggerMessage(LogLevel.Warning, "Evaluation {Id} was interrupted and will be begun anew.")]
    private partial void LogInterrupted(Exception exception, Guid id);

    [LoggerMessage(LogLevel.Error, "Evaluation {Id} was interrupted {Attempts} times and is given up.")]
    private partial void LogGivenUp(Exception exception, Guid id, int attempts);

    [LoggerMessage(LogLevel.Information, "Evaluation {Id} ended: {State} {FailureCode}")]
    private partial void LogEnded(Guid id, string state, string? failureCode);

    /// <summary>What a task takes of a data set.</summary>
    private sealed record Measure(string Of, int FewestClips, int MostClips, Func<Clip, bool> Uses, Func<Clip, int> Samples, Func<IReadOnlyList<Clip>, IEnumerable<string>> Texts)
    {
        public static Measure For(string task) => task switch
        {
            // One clip alone is always found first. Every caption is compared with every clip: 24 bytes for each of the pairs, 2.4 GB for the most.
            EvaluationTask.Retrieval => new("captions", 2, 10_000, c => c.Captions.Count > 0, _ => 1, RetrievalScoring.Texts),
            EvaluationTask.QuestionAnswering => new("questions", 1, int.MaxValue, c => c.Questions.Count > 0, c => c.Questions.Count, QuestionScoring.Texts),
            _ => new("choices", 1, int.MaxValue, c => c.Choices.Count > 0, c => c.Choices.Count, ChoiceScoring.Texts),
        };
    }

    /// <summary>Told at once, on the thread that reports.</summary>
    private sealed class Reported<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}
