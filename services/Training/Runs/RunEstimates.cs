using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Training;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Registry;

namespace DemoVlp.Training.Runs;

/// <summary>Says what a run would take that is not asked for yet.</summary>
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
        var validation = validates ? Examples.Spread(await dataset.ListAsync(Splits.Val, cancellationToken)) : [];
        var examples = Examples.Of(request.Task, train, validation, request.QuestionTypes);

        var directory = artifacts.GetLocalDirectory((await registry.FindAsync(version, cancellationToken))!.Directory);
        var config = ModelConfig.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "config.json"), cancellationToken));
        (config, _) = StartingModel.Outline(config, ModelDirectory.ReadAnswers(directory, config), request.Task, examples.Answers());
        var batchSize = request.BatchSize ?? RunDefaults.BatchSize;
        return await estimates.OfAsync(new EstimateInput(config, examples.SampleSize(LongestText(examples), batchSize), examples.TrainClips, examples.Validation.Count, examples.ValidationClips,
            examples.Train.Concat(examples.Validation).Count(e => e.Clip.Regions is null), batchSize, request.Epochs ?? RunDefaults.Epochs), cancellationToken);
    }

    // With [CLS] and [SEP].
    private static int LongestText(Examples examples) => 2 + (int)(PiecesPerWord * examples.Texts.Max(t => t.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length));
}
