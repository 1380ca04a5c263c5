using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using TorchSharp;
using StepOptions = DemoVlp.Modeling.VideoLanguage.Training.TrainingOptions;

namespace DemoVlp.Training.Fitting;

/// <summary>Learns which of the model's answers is right.</summary>
internal sealed class QuestionLearner : Learner
{
    private const int Block = 32;

    private readonly QuestionAnsweringTrainer trainer;
    private readonly Dictionary<string, int> labels;

    public QuestionLearner(LoadedModel model, StepOptions options, torch.Device device) : base(model)
    {
        labels = model.Answers.Index().ToDictionary(a => a.Item, a => a.Index, StringComparer.Ordinal);
        trainer = new QuestionAnsweringTrainer(model.Network, model.Config, options, device);
    }

    public override IModelTrainer Trainer => trainer;

    public override Dictionary<string, double> Step(IReadOnlyList<Sample> batch) => new() { ["total"] = trainer.Step(Questions(batch)).Loss };

    /// <summary>The share of right answers; a question whose answer the model does not have counts as one it gets wrong. The loss is of the others.</summary>
    public override Dictionary<string, double>? Validate(IEnumerable<Sample> samples, CancellationToken cancellationToken)
    {
        var (asked, answerable, right, loss) = (0, 0, 0.0, 0.0);
        foreach (var block in samples.Chunk(Block))
        {
            cancellationToken.ThrowIfCancellationRequested();
            asked += block.Length;
            var known = block.Where(s => labels.ContainsKey(s.Answer!)).ToList();
            if (known.Count == 0) continue;
            var result = trainer.Evaluate(Questions(known));
            if (!double.IsFinite(result.Loss)) throw new NotFiniteNumberException("The loss of a validation is not a number.");
            (answerable, right, loss) = (answerable + known.Count, right + result.Correct * known.Count, loss + result.Loss * known.Count);
        }
        if (asked == 0) return null;
        var metrics = new Dictionary<string, double> { ["accuracy"] = right / asked };
        if (answerable > 0) metrics["loss"] = loss / answerable;
        return metrics;
    }

    public override double Score(IReadOnlyDictionary<string, double> metrics) => metrics["accuracy"];

    private List<QuestionSample> Questions(IReadOnlyList<Sample> batch) => [.. batch.Select(s => new QuestionSample(s.Frames, s.TokenIds, labels[s.Answer!]))];
}
