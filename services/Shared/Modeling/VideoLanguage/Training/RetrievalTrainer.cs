using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Trains a retrieval model on pairs of video and caption with <see cref="GlobalLocalLoss"/>; the other pairs of a batch are the wrong ones.</summary>
public sealed class RetrievalTrainer : ModelTrainer<RetrievalSample>
{
    private readonly ObjectRelation network;
    private readonly GlobalLocalLoss loss;

    /// <summary>Takes over a network (from <see cref="ModelDirectory.Create"/> or <see cref="ModelDirectory.Load"/>) and moves it to the device.</summary>
    /// <exception cref="ModelFormatException"><c>model-task</c>: it is no retrieval model; <c>model-precision</c>: it was loaded in bfloat16.</exception>
    public RetrievalTrainer(Module network, ModelConfig config, TrainingOptions options, Device? device = null)
        : base(Devices.Move(network, device), config, options, device ?? CPU)
    {
        this.network = network as ObjectRelation ?? throw new ModelFormatException("model-task", "The model answers questions; this training needs a retrieval model.");
        loss = GlobalLocalLoss.For(config) with { UseLocal = options.UseLocalLoss, UseGlobal = options.UseGlobalLoss };
    }

    private protected override ForwardResult Forward(IReadOnlyList<RetrievalSample> batch, Random? frames)
    {
        if (batch.Count < 2) throw new ArgumentException("A batch needs at least two pairs: the others are what a video is told apart from.", nameof(batch));
        var (ids, mask) = TextInput.Stack([.. batch.Select(s => s.TokenIds)], Config, Device);
        var text = network.EncodeText(ids, mask);
        var (tokens, regionMask) = Videos(Inputs(batch.Select(s => s.Frames), frames));
        var output = new RelationOutput(text.select(1, 0), text.narrow(1, 1, text.shape[1] - 1), tokens.select(1, 0), tokens.narrow(1, 1, tokens.shape[1] - 1), regionMask);
        var value = loss.Compute(output, mask);
        var own = GlobalSimilarity.Cosine(output.GlobalText.detach(), output.GlobalObject.detach()).argmax(1);
        var choice = ChoiceLoss(batch, output);
        var correct = own.eq(TensorNumbers.Arange(batch.Count, ScalarType.Int64, Device)).sum();
        return new(choice is null ? value.Total : value.Total.Add(choice), correct, value.Global, value.Local, choice);
    }

    /// <summary>
    /// Cross-entropy of the right sentence among those that nearly describe the video, each scored as multiple choice is
    /// (<see cref="RetrievalModel.ScoreOptions"/>): what a random batch hardly ever sets against each other. Not part of the paper (decision 0013).
    /// </summary>
    private Tensor? ChoiceLoss(IReadOnlyList<RetrievalSample> batch, RelationOutput videos)
    {
        var chosen = Enumerable.Range(0, batch.Count).Where(i => batch[i].Choice is not null).ToList();
        if (chosen.Count == 0) return null;
        var (ids, mask) = TextInput.Stack([.. chosen.SelectMany(i => batch[i].Choice!.Options)], Config, Device);
        var texts = network.EncodeText(ids, mask);
        var wordMask = mask.narrow(1, 1, mask.shape[1] - 1).to_type(texts.dtype).Sub(1).Mul(100);
        var (first, losses) = (0L, new List<Tensor>());
        foreach (var i in chosen)
        {
            var count = batch[i].Choice!.Options.Count;
            var own = texts.narrow(0, first, count);
            var scores = loss.UseGlobal || !loss.UseLocal ? GlobalSimilarity.Cosine(videos.GlobalObject.narrow(0, i, 1), own.select(1, 0)) : null; // (1, K)
            if (loss.UseLocal)
            {
                var alignment = loss.Alignment.Similarity(videos.LocalObject.narrow(0, i, 1), videos.ObjectMask.narrow(0, i, 1), own.narrow(1, 1, own.shape[1] - 1), wordMask.narrow(0, first, count));
                scores = scores is null ? alignment : scores.Add(alignment);
            }
            losses.Add(functional.cross_entropy(scores!.Div(Config.Temperature), tensor([(long)batch[i].Choice!.Answer], device: Device)));
            first += count;
        }
        return stack(losses).mean();
    }

    /// <summary>Tokens [B, 1+R, d] and mask [B, R] of the batch, R being that of the longest video; the rest is masked.</summary>
    private (Tensor Tokens, Tensor Mask) Videos(IReadOnlyList<ObjectInput> inputs)
    {
        var longest = inputs.Max(i => i.Mask.Length);
        var rows = new (Tensor Tokens, Tensor Mask)[inputs.Count];
        foreach (var group in Enumerable.Range(0, inputs.Count).GroupBy(i => inputs[i].Frames))
        {
            var (objects, objectMask) = ObjectInput.Stack([.. group.Select(i => inputs[i])], Device);
            // The published loader's masks are float64, and with them the published attention.
            var (tokens, mask) = network.EncodeObjects(objects, Config.Padding == PaddingRule.Reference ? objectMask.to_type(ScalarType.Float64) : objectMask);
            var missing = longest - (int)(mask.shape[1] - 1);
            var (padded, paddedMask) = (functional.pad(tokens, [0, 0, 0, missing]), functional.pad(mask.narrow(1, 1, mask.shape[1] - 1), [0, missing], value: -100));
            var row = 0;
            foreach (var i in group) (rows[i], row) = ((padded[row], paddedMask[row]), row + 1);
        }
        return (stack(rows.Select(r => r.Tokens)), stack(rows.Select(r => r.Mask)));
    }
}
