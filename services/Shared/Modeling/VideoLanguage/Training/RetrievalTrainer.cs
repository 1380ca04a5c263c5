using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Trains a retrieval model on pairs of video and caption with <see cref="GlobalLocalLoss"/>; the other pairs of a batch are the wrong ones.</summary>
public sealed class RetrievalTrainer : ModelTrainer<RetrievalSample>
{
    private const int TextsTogether = 16;

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
        var (text, mask) = Texts([.. batch.Select(s => s.TokenIds)]);
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
        var groups = Enumerable.Range(0, batch.Count).Where(i => batch[i].Choice is not null).GroupBy(i => batch[i].Choice!.Options.Count).ToList();
        if (groups.Count == 0) return null;
        var losses = groups.Select(group => ChoiceLosses([.. group], group.Key, batch, videos));
        return cat([.. losses], 0).mean();
    }

    /// <summary>[V]: one for each of the clips at <paramref name="chosen"/>, which have K sentences each.</summary>
    private Tensor ChoiceLosses(int[] chosen, int count, IReadOnlyList<RetrievalSample> batch, RelationOutput videos)
    {
        var (tokens, mask) = Texts([.. chosen.SelectMany(i => batch[i].Choice!.Options)]);
        var texts = tokens.view(chosen.Length, count, -1, Config.ProjectionDim); // (V, K, T, d)
        var wordMask = mask.narrow(1, 1, mask.shape[1] - 1).to_type(texts.dtype).Sub(1).Mul(100).view(chosen.Length, count, -1);
        var rows = tensor([.. chosen.Select(i => (long)i)], device: Device);
        var scores = new List<Tensor>();
        if (loss.UseGlobal || !loss.UseLocal) scores.Add(GlobalSimilarity.OwnCosine(videos.GlobalObject.index_select(0, rows), texts.select(2, 0)));
        if (loss.UseLocal) scores.Add(loss.Alignment.OwnSimilarity(videos.LocalObject.index_select(0, rows), videos.ObjectMask.index_select(0, rows), texts.narrow(2, 1, texts.shape[2] - 1), wordMask));
        var logits = (scores.Count == 2 ? scores[0].Add(scores[1]) : scores[0]).Div(Config.Temperature);
        return functional.cross_entropy(logits, tensor([.. chosen.Select(i => (long)batch[i].Choice!.Answer)], device: Device), reduction: Reduction.None);
    }

    /// <summary>Tokens [B, T, d] and mask [B, T], T being that of the longest text. Texts of about one length go through the encoder together: it works less on padding.</summary>
    private (Tensor Tokens, Tensor Mask) Texts(IReadOnlyList<IReadOnlyList<int>> texts)
    {
        var (ids, mask) = TextInput.Stack(texts, Config, Device);
        // Under the published rule padding is part of what is learnt.
        if (texts.Count <= TextsTogether || Config.Padding == PaddingRule.Reference) return (network.EncodeText(ids, mask), mask);
        var order = Enumerable.Range(0, texts.Count).OrderBy(i => texts[i].Count).ToArray();
        var encoded = order.Chunk(TextsTogether).Select(group =>
        {
            var (rows, longest) = (tensor([.. group.Select(i => (long)i)], device: Device), Math.Min(texts[group[^1]].Count, Config.MaxTextLength));
            var tokens = network.EncodeText(ids.index_select(0, rows).narrow(1, 0, longest), mask.index_select(0, rows).narrow(1, 0, longest));
            return functional.pad(tokens, [0, 0, 0, mask.shape[1] - longest]);
        });
        var places = new long[order.Length];
        foreach (var (place, i) in order.Index()) places[i] = place;
        return (cat([.. encoded], 0).index_select(0, tensor(places, device: Device)), mask);
    }

    /// <summary>Tokens [B, 1+R, d] and mask [B, R] of the batch, R being that of the longest video; the rest is masked.</summary>
    private (Tensor Tokens, Tensor Mask) Videos(IReadOnlyList<ObjectInput> inputs)
    {
        var longest = inputs.Max(i => i.Mask.Length);
        var rows = new (Tensor Tokens, Tensor Mask)[inputs.Count];
        foreach (var group in Enumerable.Range(0, inputs.Count).GroupBy(i => inputs[i].Frames))
        {
            var (objects, objectMask) = Stack([.. group.Select(i => inputs[i])]);
            var (tokens, mask) = network.EncodeObjects(objects, objectMask);
            var missing = longest - (int)(mask.shape[1] - 1);
            var (padded, paddedMask) = (functional.pad(tokens, [0, 0, 0, missing]), functional.pad(mask.narrow(1, 1, mask.shape[1] - 1), [0, missing], value: -100));
            var row = 0;
            foreach (var i in group) (rows[i], row) = ((padded[row], paddedMask[row]), row + 1);
        }
        return (stack(rows.Select(r => r.Tokens)), stack(rows.Select(r => r.Mask)));
    }
}
