using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Trains a QA model with cross-entropy over its answers.</summary>
public sealed class QuestionAnsweringTrainer : ModelTrainer<QuestionSample>
{
    private readonly ObjectQARelation network;

    /// <summary>
    /// Takes over a network (from <see cref="ModelDirectory.Create"/> or <see cref="ModelDirectory.Load"/>) and moves it to the device. To start from a
    /// retrieval model, copy its weights first with <see cref="ModelWeights.LoadMatching"/>.
    /// </summary>
    /// <exception cref="ModelFormatException"><c>model-task</c>: it is no QA model; <c>model-precision</c>: it was loaded in bfloat16.</exception>
    public QuestionAnsweringTrainer(Module network, ModelConfig config, TrainingOptions options, Device? device = null)
        : base(Devices.Move(Checked(network), device), config, options, device ?? CPU) => this.network = (ObjectQARelation)network;

    private protected override ForwardResult Forward(IReadOnlyList<QuestionSample> batch, Random? frames)
    {
        Check(batch);
        var sampled = Sampled(batch, frames);
        var (logits, labels) = Logits(network, batch, sampled, network.training ? DrawDropout(batch, sampled) : null);
        return new(functional.cross_entropy(logits, labels), Correct(logits, labels));
    }

    private protected override ForwardResult ForwardBackward(Replicas replicas, IReadOnlyList<QuestionSample> batch, Random frames)
    {
        Check(batch);
        var sampled = Sampled(batch, frames);
        var dropout = Seeded(() => DrawDropout(batch, sampled));
        var parts = Parts(batch, replicas.Active);
        var results = new ForwardResult?[parts.Count];
        replicas.Run(i =>
        {
            var (first, count) = parts[i].GetOffsetAndLength(batch.Count);
            if (count == 0) return;
            var (logits, labels) = Logits((ObjectQARelation)replicas[i], [.. batch.Take(parts[i])], sampled, dropout.narrow(0, first, count));
            var loss = functional.cross_entropy(logits, labels, reduction: Reduction.Sum).Div(batch.Count);
            loss.backward();
            results[i] = new(loss.detach(), Correct(logits, labels));
        });
        var done = results.OfType<ForwardResult>().ToList();
        return new(stack(done.Select(r => r.Total)).sum(), stack(done.Select(r => r.Correct)).sum());
    }

    private static ObjectQARelation Checked(Module network) =>
        network as ObjectQARelation ?? throw new ModelFormatException("model-task", "The model searches; this training needs a question-answering model.");

    private void Check(IReadOnlyList<QuestionSample> batch)
    {
        if (batch.Count == 0) throw new ArgumentException("The batch is empty.", nameof(batch));
        if (batch.Any(s => s.Label < 0 || s.Label >= Config.NumLabels)) throw new ArgumentException($"A label lies outside the model's {Config.NumLabels} answers.", nameof(batch));
    }

    /// <summary>Parts of about one size, of which some may be empty. Questions about one video that follow each other stay together, so that it is encoded once.</summary>
    private static List<Range> Parts(IReadOnlyList<QuestionSample> batch, int count)
    {
        var parts = new List<Range>();
        var first = 0;
        for (var part = 1; part <= count; part++)
        {
            var end = Math.Max(first, part * batch.Count / count);
            while (end > 0 && end < batch.Count && ReferenceEquals(batch[end].Frames, batch[end - 1].Frames)) end++;
            parts.Add(first..end);
            first = end;
        }
        return parts;
    }

    /// <summary>What is seen of each video; several questions may be about one.</summary>
    private Dictionary<IReadOnlyList<FrameRegions>, SampledVideo> Sampled(IReadOnlyList<QuestionSample> batch, Random? frames)
    {
        var sampled = new Dictionary<IReadOnlyList<FrameRegions>, SampledVideo>(ReferenceEqualityComparer.Instance);
        foreach (var video in batch.Select(s => s.Frames).Distinct<IReadOnlyList<FrameRegions>>(ReferenceEqualityComparer.Instance)) sampled.Add(video, new SampledVideo(video, Config.ObjectConfig, frames));
        return sampled;
    }

    /// <summary>[Q, R, h], R being the number of regions of the longest video.</summary>
    private Tensor DrawDropout(IReadOnlyList<QuestionSample> batch, Dictionary<IReadOnlyList<FrameRegions>, SampledVideo> sampled) =>
        network.DrawDropout(batch.Count, sampled.Values.Max(v => v.Regions), Device);

    /// <summary>Logits [Q, A] of the questions and their labels [Q]. A video that several are about is encoded once.</summary>
    /// <param name="network">One of several with the same weights.</param>
    /// <param name="batch">The questions.</param>
    /// <param name="sampled">What is seen of their videos.</param>
    /// <param name="dropout">[Q, R, h]; null: none.</param>
    private (Tensor Logits, Tensor Labels) Logits(ObjectQARelation network, IReadOnlyList<QuestionSample> batch, Dictionary<IReadOnlyList<FrameRegions>, SampledVideo> sampled, Tensor? dropout)
    {
        var logits = new Tensor[batch.Count];
        foreach (var group in Enumerable.Range(0, batch.Count).GroupBy(i => sampled[batch[i].Frames].Regions))
        {
            var (ids, mask) = TextInput.Stack([.. group.Select(i => batch[i].TokenIds)], Config, Device);
            var videos = group.Select(i => sampled[batch[i].Frames]).Distinct().ToList();
            var (objects, objectMask) = ObjectInput.StackForTraining([.. videos.Select(v => v.Input())], Config, Device);
            var (tokens, _) = network.EncodeObjects(objects, objectMask);
            var rows = tensor([.. group.Select(i => (long)videos.IndexOf(sampled[batch[i].Frames]))], device: Device);
            var dropped = dropout?.index_select(0, tensor([.. group.Select(i => (long)i)], device: Device)).narrow(1, 0, group.Key);
            var output = network.Answer(ids, mask, tokens.index_select(0, rows), objectMask.flatten(1).index_select(0, rows), dropped);
            var row = 0;
            foreach (var i in group) logits[i] = output.Logits[row++];
        }
        return (stack(logits), tensor([.. batch.Select(s => (long)s.Label)], device: Device));
    }

    private static Tensor Correct(Tensor logits, Tensor labels) => logits.detach().argmax(1).eq(labels).sum();
}
