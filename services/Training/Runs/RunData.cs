using System.Text;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Scoring;

namespace DemoVlp.Training.Runs;

/// <summary>The clips of a run that have features.</summary>
internal sealed record RunData
{
    /// <summary>Clips to learn from.</summary>
    public required IReadOnlyList<Clip> Train { get; init; }

    /// <summary>Clips to measure on; empty: there is no validation.</summary>
    public required IReadOnlyList<Clip> Validation { get; init; }

    /// <summary>Of the splits as they were listed.</summary>
    public required string Fingerprint { get; init; }

    public string? ValidationFingerprint { get; init; }

    /// <summary>Clips to learn from and to choose a model by that have no features.</summary>
    public required int WithoutRegions { get; init; }
}

/// <summary>Settles the clips of a run when it is first taken: what changes in the data set later must not change a run that is resumed.</summary>
internal sealed class RunDataSets(IArtifactStore artifacts, FindDataset find, RunEstimates estimates)
{
    private const string ClipsType = "application/json", TextsType = "text/plain";

    /// <summary>The clips, made if need be, and what is learnt from them; their texts as a corpus, one a line.</summary>
    /// <exception cref="RunFailedException"><c>unknown-dataset</c>, or a code of <see cref="Examples.Check"/>.</exception>
    public async Task<(RunData Data, Examples Examples, ArtifactRef Texts)> SettleAsync(RunRow run, Preparing progress, CancellationToken cancellationToken)
    {
        if (await artifacts.FindAsync(RunArtifacts.Clips(run.Id), ClipsType, cancellationToken) is { } settled
            && await artifacts.FindAsync(RunArtifacts.Captions(run.Id), TextsType, cancellationToken) is { } texts)
        {
            var known = JsonSerializer.Deserialize<RunData>(await artifacts.ReadAsync(settled, cancellationToken))!;
            return (known, Examples.Of(run.Task, known.Train, known.Validation, run.QuestionTypes), texts);
        }
        var data = await ListAsync(run, progress, cancellationToken);
        var examples = Examples.Of(run.Task, data.Train, data.Validation, run.QuestionTypes);
        if (examples.Check() is { } refusal) throw new RunFailedException(refusal.Code, refusal.Detail);
        texts = await WriteAsync(RunArtifacts.Captions(run.Id), TextsType, Encoding.UTF8.GetBytes(string.Concat(examples.Texts.Select(t => t + "\n"))), cancellationToken);
        // Last: where this file is, the texts are complete.
        await WriteAsync(RunArtifacts.Clips(run.Id), ClipsType, JsonSerializer.SerializeToUtf8Bytes(data), cancellationToken);
        return (data, examples, texts);
    }

    private async Task<RunData> ListAsync(RunRow run, Preparing progress, CancellationToken cancellationToken)
    {
        var dataset = await find(run.Dataset, cancellationToken) ?? throw new RunFailedException("unknown-dataset", "The data set of the run is gone.");
        var validates = !run.SkipsValidation && (await dataset.SplitsAsync(cancellationToken)).Contains(Splits.Val);
        if (dataset.MakesFeatures)
        {
            var (toLearn, toMeasure) = (await dataset.ListAsync(Splits.Train, cancellationToken), validates ? await dataset.ListAsync(Splits.Val, cancellationToken) : []);
            progress.FitSeconds = (await estimates.OfAsync(run, toLearn, toMeasure, cancellationToken))?.Seconds;
        }
        await dataset.PrepareAsync(validates ? [Splits.Train, Splits.Val] : [Splits.Train], progress, cancellationToken);
        var train = await dataset.ListAsync(Splits.Train, cancellationToken);
        var validation = validates ? await dataset.ListAsync(Splits.Val, cancellationToken) : [];
        return new RunData
        {
            Train = [.. train.Where(c => c.Regions is not null)],
            Validation = Examples.Spread([.. validation.Where(c => c.Regions is not null)]),
            Fingerprint = SplitFingerprint.Of(train),
            ValidationFingerprint = validates ? SplitFingerprint.Of(validation) : null,
            WithoutRegions = train.Concat(validation).Count(c => c.Regions is null),
        };
    }

    private Task<ArtifactRef> WriteAsync(string key, string mediaType, byte[] bytes, CancellationToken cancellationToken) =>
        artifacts.WriteAsync(key, mediaType, (target, token) => target.WriteAsync(bytes, token).AsTask(), cancellationToken);
}
