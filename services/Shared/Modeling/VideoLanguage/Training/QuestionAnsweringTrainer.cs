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
        : base(Devices.Move(network, device), config, options, device ?? CPU) =>
        this.network = network as ObjectQARelation ?? throw new ModelFormatException("model-task", "The model searches; this training needs a question-answering model.");

    private protected override ForwardResult Forward(IReadOnlyList<QuestionSample> batch, Random? frames)
    {
        if (batch.Count == 0) throw new ArgumentException("The batch is empty.", nameof(batch));
        if (batch.Any(s => s.Label < 0 || s.Label >= Config.NumLabels)) throw new ArgumentException($"A label lies outside the model's {Config.NumLabels} answers.", nameof(batch));
        // A video that several questions are about is encoded once.
        var videos = batch.Select(s => s.Frames).Distinct<IReadOnlyList<FrameRegions>>(ReferenceEqualityComparer.Instance).ToList();
        var inputs = new Dictionary<IReadOnlyList<FrameRegions>, ObjectInput>(ReferenceEqualityComparer.Instance);
        foreach (var (video, input) in videos.Zip(Inputs(videos, frames))) inputs.Add(video, input);
        var logits = new Tensor[batch.Count];
        foreach (var group in Enumerable.Range(0, batch.Count).GroupBy(i => inputs[batch[i].Frames].Frames))
        {
            var (ids, mask) = TextInput.Stack([.. group.Select(i => batch[i].TokenIds)], Config, Device);
            var shown = group.Select(i => inputs[batch[i].Frames]).Distinct<ObjectInput>(ReferenceEqualityComparer.Instance).ToList();
            var (objects, objectMask) = Stack(shown);
            var (tokens, _) = network.EncodeObjects(objects, objectMask);
            var rows = tensor([.. group.Select(i => (long)shown.IndexOf(inputs[batch[i].Frames]))], device: Device);
            var output = network.Answer(ids, mask, tokens.index_select(0, rows), objectMask.flatten(1).index_select(0, rows));
            var row = 0;
            foreach (var i in group) logits[i] = output.Logits[row++];
        }
        var all = stack(logits);
        var labels = tensor([.. batch.Select(s => (long)s.Label)], device: Device);
        return new(functional.cross_entropy(all, labels), all.detach().argmax(1).eq(labels).sum());
    }
}
