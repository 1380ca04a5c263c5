using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Trains a retrieval model on pairs of video and caption with <see cref="GlobalLocalLoss"/>; the other pairs of a batch are the wrong ones.</summary>
public sealed class RetrievalTrainer : ModelTrainer<RetrievalSample>
{
    private readonly ObjectRelation network;
    private readonly GlobalLocalLoss loss;
    private readonly RetrievalEncoder encoder;

    /// <summary>Takes over a network (from <see cref="ModelDirectory.Create"/> or <see cref="ModelDirectory.Load"/>) and moves it to the device.</summary>
    /// <exception cref="ModelFormatException"><c>model-task</c>: it is no retrieval model; <c>model-precision</c>: it was loaded in bfloat16.</exception>
    public RetrievalTrainer(Module network, ModelConfig config, TrainingOptions options, Device? device = null)
        : base(Devices.Move(Checked(network), device), config, options, device ?? CPU)
    {
        this.network = (ObjectRelation)network;
        loss = GlobalLocalLoss.For(config) with { UseLocal = options.UseLocalLoss, UseGlobal = options.UseGlobalLoss };
        encoder = new RetrievalEncoder(config, loss, Device);
    }

    private protected override ForwardResult Forward(IReadOnlyList<RetrievalSample> batch, Random? frames)
    {
        Check(batch);
        var encoded = encoder.Encode(network, batch, Sampled(batch, frames));
        var output = encoded.Output;
        var value = loss.Compute(output, encoded.TextMask);
        var choice = encoded.ChoiceLosses?.mean();
        return new(choice is null ? value.Total : value.Total.Add(choice), Correct(GlobalSimilarity.Cosine(output.GlobalText.detach(), output.GlobalObject.detach())), value.Global, value.Local, choice);
    }

    private protected override ForwardResult ForwardBackward(Replicas replicas, IReadOnlyList<RetrievalSample> batch, Random frames)
    {
        Check(batch);
        var sampled = Sampled(batch, frames);
        var choices = batch.Count(s => s.Choice is not null);
        var parts = new RetrievalPart[replicas.Active];
        replicas.Run(i =>
        {
            var (first, end) = (i * batch.Count / parts.Length, (i + 1) * batch.Count / parts.Length);
            parts[i] = new RetrievalPart(encoder.Encode((ObjectRelation)replicas[i], [.. batch.Take(first..end)], [.. sampled.Take(first..end)]), first, choices);
        });

        // All pairs meet in the loss: the parts' graphs end at their outputs, the loss's begins with copies of them, and its gradient by these is where the parts' graphs go back from.
        var all = RetrievalPart.Join([.. parts.Select(p => p.Encoded)]);
        var (texts, videos) = (all.Output.GlobalText.requires_grad_(), all.Output.GlobalObject.requires_grad_());
        Tensor? local = null;
        if (loss.UseLocal)
        {
            // All parts together take as much memory as one network would.
            var alignment = loss.Alignment with { BlockElements = loss.Alignment.BlockElements / parts.Length };
            replicas.Run(i => parts[i].Align(alignment, all));
            local = cat([.. parts.Select(p => p.Similarities!.detach())], 0).requires_grad_();
        }
        var cosines = GlobalSimilarity.Cosine(texts, videos);
        var value = loss.Compute(cosines, local);
        value.Total.backward();
        if (local is not null) replicas.Run(i => parts[i].AlignBackward(local.grad!));
        var words = local is null ? null : stack(parts.Select(p => p.WordGradient!)).sum([0L]);
        replicas.Run(i => parts[i].Backward(texts.grad, words, videos.grad));

        var choice = choices == 0 ? null : stack(parts.Select(p => p.ChoiceLoss).OfType<Tensor>().Select(t => t.detach())).sum();
        return new(choice is null ? value.Total : value.Total.detach().Add(choice), Correct(cosines.detach()), value.Global, value.Local, choice);
    }

    private static ObjectRelation Checked(Module network) => network as ObjectRelation ?? throw new ModelFormatException("model-task", "The model answers questions; this training needs a retrieval model.");

    private static void Check(IReadOnlyList<RetrievalSample> batch)
    {
        if (batch.Count < 2) throw new ArgumentException("A batch needs at least two pairs: the others are what a video is told apart from.", nameof(batch));
    }

    private List<SampledVideo> Sampled(IReadOnlyList<RetrievalSample> batch, Random? frames) => [.. batch.Select(s => new SampledVideo(s.Frames, Config.ObjectConfig, frames))];

    private static Tensor Correct(Tensor cosines) => cosines.argmax(1).eq(TensorNumbers.Arange(cosines.shape[0], ScalarType.Int64, cosines.device)).sum();
}
