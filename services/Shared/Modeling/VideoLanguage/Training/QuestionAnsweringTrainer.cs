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
        var (logits, labels) = Logits(network, batch, Shown(batch, frames));
        return new(functional.cross_entropy(logits, labels), Correct(logits, labels));
    }

    private protected override ForwardResult ForwardBackward(Replicas replicas, IReadOnlyList<QuestionSample> batch, Random frames)
    {
        var shown = Shown(batch, frames);
        var samples = Parts(batch, replicas.Active);
        var parts = new QuestionPart[replicas.Active];
        replicas.Run(i => parts[i] = QuestionPart.Encode((ObjectQARelation)replicas[i], samples[i], shown, Config, Device));

        // The head sees all questions at once, so that its dropout is drawn from one sequence. The parts' graphs end at their outputs, the head's begins with copies of them.
        var encoded = parts.Where(p => p.Encoded is not null).Select(p => p.Encoded!).ToList();
        var (videos, mask) = VideoBatch.Join([.. encoded.Select(e => (e.Videos, e.RegionMask))]);
        var questions = cat([.. encoded.Select(e => e.Questions.detach())], 0).requires_grad_();
        videos.requires_grad_();
        var (rows, before) = (new List<long>(), 0L);
        foreach (var part in encoded)
        {
            rows.AddRange(part.Rows.Select(row => row + before));
            before += part.Videos.shape[0];
        }
        var of = tensor(rows, device: Device);
        var (seen, real) = (videos.index_select(0, of), mask.Eq(0).to_type(ScalarType.Float32).index_select(0, of));
        var logits = Seeded(() => network.Answer(questions, seen, real).Logits);
        var labels = Labels(batch);
        var loss = functional.cross_entropy(logits, labels);
        loss.backward();

        var (question, video) = (0L, 0L);
        foreach (var part in parts) (question, video) = part.TakeGradients(questions.grad!, question, videos.grad!, video);
        replicas.Run(i => parts[i].Backward());
        return new(loss, Correct(logits, labels));
    }

    private static ObjectQARelation Checked(Module network) =>
        network as ObjectQARelation ?? throw new ModelFormatException("model-task", "The model searches; this training needs a question-answering model.");

    /// <summary>Parts of about one size. Questions about one video that follow each other stay together, so that it is encoded once.</summary>
    private static List<IReadOnlyList<QuestionSample>> Parts(IReadOnlyList<QuestionSample> batch, int count)
    {
        var parts = new List<IReadOnlyList<QuestionSample>>();
        var first = 0;
        for (var part = 1; part <= count; part++)
        {
            var end = Math.Max(first, part * batch.Count / count);
            while (end > 0 && end < batch.Count && ReferenceEquals(batch[end].Frames, batch[end - 1].Frames)) end++;
            parts.Add([.. batch.Take(first..end)]);
            first = end;
        }
        return parts;
    }

    /// <summary>What is seen of each video; several questions may be about one.</summary>
    private Dictionary<IReadOnlyList<FrameRegions>, ObjectInput> Shown(IReadOnlyList<QuestionSample> batch, Random? frames)
    {
        if (batch.Count == 0) throw new ArgumentException("The batch is empty.", nameof(batch));
        if (batch.Any(s => s.Label < 0 || s.Label >= Config.NumLabels)) throw new ArgumentException($"A label lies outside the model's {Config.NumLabels} answers.", nameof(batch));
        var videos = batch.Select(s => s.Frames).Distinct<IReadOnlyList<FrameRegions>>(ReferenceEqualityComparer.Instance).ToList();
        var shown = new Dictionary<IReadOnlyList<FrameRegions>, ObjectInput>(ReferenceEqualityComparer.Instance);
        foreach (var (video, input) in videos.Zip(Inputs(videos, frames))) shown.Add(video, input);
        return shown;
    }

    /// <summary>Logits [Q, A] of the questions and their labels [Q]. A video that several are about is encoded once.</summary>
    private (Tensor Logits, Tensor Labels) Logits(ObjectQARelation network, IReadOnlyList<QuestionSample> batch, Dictionary<IReadOnlyList<FrameRegions>, ObjectInput> shown)
    {
        var logits = new Tensor[batch.Count];
        foreach (var group in Enumerable.Range(0, batch.Count).GroupBy(i => shown[batch[i].Frames].Frames))
        {
            var (ids, mask) = TextInput.Stack([.. group.Select(i => batch[i].TokenIds)], Config, Device);
            var videos = group.Select(i => shown[batch[i].Frames]).Distinct<ObjectInput>(ReferenceEqualityComparer.Instance).ToList();
            var (objects, objectMask) = ObjectInput.StackForTraining(videos, Config, Device);
            var (tokens, _) = network.EncodeObjects(objects, objectMask);
            var rows = tensor([.. group.Select(i => (long)videos.IndexOf(shown[batch[i].Frames]))], device: Device);
            var output = network.Answer(ids, mask, tokens.index_select(0, rows), objectMask.flatten(1).index_select(0, rows));
            var row = 0;
            foreach (var i in group) logits[i] = output.Logits[row++];
        }
        return (stack(logits), Labels(batch));
    }

    private Tensor Labels(IReadOnlyList<QuestionSample> batch) => tensor([.. batch.Select(s => (long)s.Label)], device: Device);

    private static Tensor Correct(Tensor logits, Tensor labels) => logits.detach().argmax(1).eq(labels).sum();
}
