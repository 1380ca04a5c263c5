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
        var encodings = new List<Encoding>();
        var captions = Texts([.. batch.Select(s => s.TokenIds)], encodings);
        var choices = Enumerable.Range(0, batch.Count).Where(i => batch[i].Choice is not null).GroupBy(i => batch[i].Choice!.Options.Count)
            .Select(group => (Videos: group.ToArray(), Options: Texts([.. group.SelectMany(i => batch[i].Choice!.Options)], encodings))).ToList();
        var videos = Videos(Inputs(batch.Select(s => s.Frames), frames), encodings);
        var encoded = Encode(encodings);
        var ((text, mask), (tokens, regionMask)) = (captions(encoded), videos(encoded));
        var output = new RelationOutput(text.select(1, 0), text.narrow(1, 1, text.shape[1] - 1), tokens.select(1, 0), tokens.narrow(1, 1, tokens.shape[1] - 1), regionMask);
        var value = loss.Compute(output, mask);
        var own = GlobalSimilarity.Cosine(output.GlobalText.detach(), output.GlobalObject.detach()).argmax(1);
        // Cross-entropy of the right sentence among those that nearly describe the video: what a random batch hardly ever sets against each other. Not part of the paper (decision 0013).
        var choice = choices.Count == 0 ? null : cat([.. choices.Select(c => ChoiceLosses(c.Videos, c.Options(encoded), batch, output))], 0).mean();
        var correct = own.eq(TensorNumbers.Arange(batch.Count, ScalarType.Int64, Device)).sum();
        return new(choice is null ? value.Total : value.Total.Add(choice), correct, value.Global, value.Local, choice);
    }

    /// <summary>
    /// [V]: one for each of the videos at <paramref name="chosen"/>, which have K sentences each (tokens [V*K, T, d]), scored as multiple choice is (<see cref="RetrievalModel.ScoreOptions"/>).
    /// </summary>
    private Tensor ChoiceLosses(int[] chosen, (Tensor Tokens, Tensor Mask) options, IReadOnlyList<RetrievalSample> batch, RelationOutput videos)
    {
        var texts = options.Tokens.view(chosen.Length, options.Tokens.shape[0] / chosen.Length, -1, Config.ProjectionDim); // (V, K, T, d)
        var wordMask = options.Mask.narrow(1, 1, options.Mask.shape[1] - 1).to_type(texts.dtype).Sub(1).Mul(100).view(chosen.Length, texts.shape[1], -1);
        var rows = tensor([.. chosen.Select(i => (long)i)], device: Device);
        var scores = new List<Tensor>();
        if (loss.UseGlobal || !loss.UseLocal) scores.Add(GlobalSimilarity.OwnCosine(videos.GlobalObject.index_select(0, rows), texts.select(2, 0)));
        if (loss.UseLocal) scores.Add(loss.Alignment.OwnSimilarity(videos.LocalObject.index_select(0, rows), videos.ObjectMask.index_select(0, rows), texts.narrow(2, 1, texts.shape[2] - 1), wordMask));
        var logits = (scores.Count == 2 ? scores[0].Add(scores[1]) : scores[0]).Div(Config.Temperature);
        return functional.cross_entropy(logits, tensor([.. chosen.Select(i => (long)batch[i].Choice!.Answer)], device: Device), reduction: Reduction.None);
    }

    /// <summary>
    /// What gives tokens [B, T, d] and mask [B, T] of texts once the encodings are done, T being the length of the longest. Texts of about one length go through the encoder together: it works
    /// less on padding.
    /// </summary>
    private Func<Tensor[][], (Tensor Tokens, Tensor Mask)> Texts(IReadOnlyList<IReadOnlyList<int>> texts, List<Encoding> encodings)
    {
        var (ids, mask) = TextInput.Stack(texts, Config, Device);
        var length = mask.shape[1];
        // Under the published rule padding is part of what is learnt.
        int[][] groups = Config.Padding == PaddingRule.Reference
            ? [[.. Enumerable.Range(0, texts.Count)]]
            : [.. Enumerable.Range(0, texts.Count).OrderBy(i => texts[i].Count).Chunk(TextsTogether)];
        var tokens = groups.Select(group =>
        {
            var longest = Config.Padding == PaddingRule.Reference ? length : Math.Min(texts[group[^1]].Count, Config.MaxTextLength);
            return AddText(group.Length * longest, () =>
            {
                var rows = tensor([.. group.Select(i => (long)i)], device: Device);
                return network.EncodeText(ids.index_select(0, rows).narrow(1, 0, longest), mask.index_select(0, rows).narrow(1, 0, longest));
            }, encodings);
        }).ToList();
        var places = new long[texts.Count];
        foreach (var (place, i) in groups.SelectMany(group => group).Index()) places[i] = place;
        return encoded => (cat([.. tokens.Select(t => t(encoded)).Select(t => functional.pad(t, [0, 0, 0, length - t.shape[1]]))], 0).index_select(0, tensor(places, device: Device)), mask);
    }

    /// <summary>What gives tokens [B, 1+R, d] and mask [B, R] of the batch once the encodings are done, R being that of the longest video; the rest is masked.</summary>
    private Func<Tensor[][], (Tensor Tokens, Tensor Mask)> Videos(IReadOnlyList<ObjectInput> inputs, List<Encoding> encodings)
    {
        var longest = inputs.Max(i => i.Mask.Length);
        var groups = Enumerable.Range(0, inputs.Count).GroupBy(i => inputs[i].Frames)
            .Select(group => (Rows: group.ToArray(), Videos: AddVideos([.. group.Select(i => inputs[i])], network.EncodeObjects, encodings))).ToList();
        return encoded =>
        {
            var rows = new (Tensor Tokens, Tensor Mask)[inputs.Count];
            foreach (var (group, videosOf) in groups)
            {
                var (tokens, mask, _) = videosOf(encoded);
                var missing = longest - (int)(mask.shape[1] - 1);
                var (padded, paddedMask) = (functional.pad(tokens, [0, 0, 0, missing]), functional.pad(mask.narrow(1, 1, mask.shape[1] - 1), [0, missing], value: -100));
                foreach (var (row, i) in group.Index()) rows[i] = (padded[row], paddedMask[row]);
            }
            return (stack(rows.Select(r => r.Tokens)), stack(rows.Select(r => r.Mask)));
        };
    }
}
