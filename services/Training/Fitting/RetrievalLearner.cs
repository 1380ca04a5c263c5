using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Modeling.VideoLanguage.Training;
using TorchSharp;
using StepOptions = DemoVlp.Modeling.VideoLanguage.Training.TrainingOptions;

namespace DemoVlp.Training.Fitting;

/// <summary>Learns which caption belongs to which clip.</summary>
internal sealed class RetrievalLearner : Learner
{
    private const int Block = 16;

    private readonly RetrievalTrainer trainer;
    private readonly string losses;
    private readonly torch.Device device;

    public RetrievalLearner(LoadedModel model, string losses, StepOptions options, torch.Device device) : base(model)
    {
        (this.losses, this.device) = (losses, device);
        trainer = new RetrievalTrainer(model.Network, model.Config, options with { UseGlobalLoss = losses != LossTerms.Local, UseLocalLoss = losses != LossTerms.Global }, device);
    }

    public override IModelTrainer Trainer => trainer;

    public override Dictionary<string, double> Step(IReadOnlyList<Sample> batch)
    {
        var result = trainer.Step([.. batch.Select(s => new RetrievalSample(s.Frames, s.TokenIds) { Choice = s.Choice })]);
        var named = new Dictionary<string, double> { ["total"] = result.Loss, ["global"] = result.GlobalLoss, ["local"] = result.LocalLoss };
        if (batch.Any(s => s.Choice is not null)) named["choice"] = result.ChoiceLoss;
        return named;
    }

    /// <summary>
    /// Captions looking for their clip, ties shared. Ranked by what is learnt: a model trained with one of the losses has no use for the other's similarity. Where clips come with
    /// near misses, also the share of them that the right sentence is chosen for, as it is in use.
    /// </summary>
    public override Dictionary<string, double>? Validate(IEnumerable<Sample> samples, CancellationToken cancellationToken)
    {
        Model.Network.eval();
        // Not disposed: the network is the trainer's.
        var retrieval = new RetrievalModel(Model, device);
        var (texts, videos) = (new List<TextEmbedding>(), new List<VideoEmbedding>());
        var (chosen, right) = (0, 0);
        foreach (var block in samples.Chunk(Block))
        {
            cancellationToken.ThrowIfCancellationRequested();
            texts.AddRange(retrieval.EmbedTexts([.. block.Select(s => s.TokenIds)]));
            videos.AddRange(retrieval.EmbedVideos([.. block.Select(s => s.Frames)]));
            foreach (var (sample, video) in block.Zip(videos.TakeLast(block.Length)))
            {
                if (sample.Choice is not { } choice) continue;
                var scores = retrieval.ScoreOptions(video, retrieval.EmbedTexts(choice.Options));
                chosen++;
                if (Array.IndexOf(scores, scores.Max()) == choice.Answer) right++;
            }
        }
        if (videos.Count == 0) return null;
        var metrics = RetrievalMetrics.TextToVideo(Similarities(retrieval, texts, videos, cancellationToken), ties: TieRule.Mean);
        var named = new Dictionary<string, double>
        {
            ["r1"] = metrics.R1, ["r5"] = metrics.R5, ["r10"] = metrics.R10, ["medianRank"] = metrics.MedianRank, ["geometricMean"] = metrics.GeometricMean,
        };
        if (chosen > 0) named["choice"] = 100.0 * right / chosen;
        return named;
    }

    /// <summary>
    /// The sum of R@1, R@5 and R@10 (their geometric mean is 0 as long as one of them is) and of right choices: every clip is soon found among a few hundred, while near misses
    /// are still being learnt.
    /// </summary>
    public override double Score(IReadOnlyDictionary<string, double> metrics) => metrics["r1"] + metrics["r5"] + metrics["r10"] + metrics.GetValueOrDefault("choice");

    private double[,] Similarities(RetrievalModel retrieval, List<TextEmbedding> texts, List<VideoEmbedding> videos, CancellationToken cancellationToken)
    {
        RetrievalEvaluation evaluation;
        try
        {
            evaluation = RetrievalEvaluation.Compute(retrieval, texts, videos, cancellationToken);
        }
        catch (ModelFormatException e) when (e.Code == "feature-missing")
        {
            // All have features: it is the model that makes no numbers of them.
            throw new NotFiniteNumberException(e.Message, e);
        }
        if (losses == LossTerms.Both) return evaluation.Similarities();
        var own = losses == LossTerms.Global ? evaluation.Global : evaluation.Local;
        var similarities = new double[texts.Count, videos.Count];
        for (var t = 0; t < texts.Count; t++)
            for (var v = 0; v < videos.Count; v++) similarities[t, v] = own[t, v];
        return similarities;
    }
}
