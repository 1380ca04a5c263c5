using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Training;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Registry;

namespace DemoVlp.Training.Runs;

/// <summary>Says what a run will take before its texts are known as word pieces, whether or not it is asked for yet.</summary>
internal sealed class RunEstimates(RunRequests requests, ModelRegistry registry, Estimates estimates, IArtifactStore artifacts)
{
    // A word makes some word pieces; counting them truly is TextTokenization's work, and takes as long as the texts are many.
    private const double PiecesPerWord = 1.3;

    /// <summary>The estimate. Nothing is queued.</summary>
    /// <exception cref="ApiException">400 or 409 with a stable code: it could not be run as asked.</exception>
    public async Task<TrainingEstimate> EstimateAsync(StartTraining request, CancellationToken cancellationToken)
    {
        var (version, dataset, train) = await requests.SettleAsync(request, cancellationToken);
        var validates = request.Validate != false && (await dataset.SplitsAsync(cancellationToken)).Contains(Splits.Val);
        var validation = validates ? await dataset.ListAsync(Splits.Val, cancellationToken) : [];
        return (await OfAsync(requests.Row(request, version, RunState.Queued), train, validation, cancellationToken))!;
    }

    /// <summary>The estimate of a run by its clips, with features and without; null if they cannot be learnt from.</summary>
    public async Task<TrainingEstimate?> OfAsync(RunRow run, IReadOnlyList<Clip> train, IReadOnlyList<Clip> validation, CancellationToken cancellationToken)
    {
        var examples = Examples.Of(run.Task, train, Examples.Spread(validation), run.QuestionTypes);
        if (examples.Check() is not null) return null;
        var directory = artifacts.GetLocalDirectory((await registry.FindAsync(run.BaseModel!, cancellationToken))!.Directory);
        var config = ModelConfig.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "config.json"), cancellationToken));
        (config, _) = StartingModel.Outline(config, ModelDirectory.ReadAnswers(directory, config), run.Task, examples.Answers());
        return await estimates.OfAsync(EstimateInput.Of(config, examples, LongestText(examples), run), cancellationToken);
    }

    // With [CLS] and [SEP].
    private static int LongestText(Examples examples) => 2 + (int)(PiecesPerWord * examples.Texts.Max(t => t.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length));
}
