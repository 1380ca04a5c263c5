using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Both sides of some samples in the common space, and what comes of each by itself.</summary>
/// <param name="Texts">[n, T, d], [CLS] first.</param>
/// <param name="TextMask">[n, T]: 1 for words, 0 for padding.</param>
/// <param name="Videos">[n, 1+R, d], [CLS] first.</param>
/// <param name="RegionMask">[n, R]: 0 for regions, -100 for padding.</param>
/// <param name="ChoiceLosses">[k]: of those that come with near misses; null if none does.</param>
internal sealed record EncodedSamples(Tensor Texts, Tensor TextMask, Tensor Videos, Tensor RegionMask, Tensor? ChoiceLosses)
{
    /// <summary>[n, T-1]: 0 for words, -100 for padding.</summary>
    public Tensor WordMask => TextInput.WordMask(TextMask, Texts.dtype);

    /// <summary>As the loss takes them.</summary>
    public RelationOutput Output => new(Texts.select(1, 0), Texts.narrow(1, 1, Texts.shape[1] - 1), Videos.select(1, 0), Videos.narrow(1, 1, Videos.shape[1] - 1), RegionMask);
}

/// <summary>Encodes samples of a retrieval training.</summary>
internal sealed class RetrievalEncoder(ModelConfig config, GlobalLocalLoss loss, Device device)
{
    private const int TextsTogether = 16;

    /// <summary>Encodes samples with a network (one of several with the same weights).</summary>
    /// <param name="network">Of this configuration, on this device.</param>
    /// <param name="samples">With their captions and near misses.</param>
    /// <param name="videos">What is seen of their videos, in their order.</param>
    public EncodedSamples Encode(ObjectRelation network, IReadOnlyList<RetrievalSample> samples, IReadOnlyList<SampledVideo> videos)
    {
        var (texts, textMask) = Texts(network, [.. samples.Select(s => s.TokenIds)]);
        var (tokens, regionMask) = VideoBatch.Encode(network, [.. videos.Select(v => v.Input())], config, device);
        var encoded = new EncodedSamples(texts, textMask, tokens, regionMask, null);
        return encoded with { ChoiceLosses = ChoiceLosses(network, samples, encoded.Output) };
    }

    /// <summary>
    /// Cross-entropy of the right sentence among those that nearly describe the video, each scored as multiple choice is
    /// (<see cref="RetrievalModel.ScoreOptions"/>): what a random batch hardly ever sets against each other. Not part of the paper (decision 0013).
    /// </summary>
    private Tensor? ChoiceLosses(ObjectRelation network, IReadOnlyList<RetrievalSample> samples, RelationOutput videos)
    {
        var groups = Enumerable.Range(0, samples.Count).Where(i => samples[i].Choice is not null).GroupBy(i => samples[i].Choice!.Options.Count).ToList();
        return groups.Count == 0 ? null : cat([.. groups.Select(group => ChoiceLosses(network, [.. group], group.Key, samples, videos))], 0);
    }

    /// <summary>[V]: one for each of the clips at <paramref name="chosen"/>, which have K sentences each.</summary>
    private Tensor ChoiceLosses(ObjectRelation network, int[] chosen, int count, IReadOnlyList<RetrievalSample> samples, RelationOutput videos)
    {
        var (tokens, mask) = Texts(network, [.. chosen.SelectMany(i => samples[i].Choice!.Options)]);
        var texts = tokens.view(chosen.Length, count, -1, config.ProjectionDim); // (V, K, T, d)
        var wordMask = TextInput.WordMask(mask, texts.dtype).view(chosen.Length, count, -1);
        var rows = tensor([.. chosen.Select(i => (long)i)], device: device);
        var scores = new List<Tensor>();
        if (loss.UseGlobal || !loss.UseLocal) scores.Add(GlobalSimilarity.OwnCosine(videos.GlobalObject.index_select(0, rows), texts.select(2, 0)));
        if (loss.UseLocal) scores.Add(loss.Alignment.OwnSimilarity(videos.LocalObject.index_select(0, rows), videos.ObjectMask.index_select(0, rows), texts.narrow(2, 1, texts.shape[2] - 1), wordMask));
        var logits = (scores.Count == 2 ? scores[0].Add(scores[1]) : scores[0]).Div(config.Temperature);
        return functional.cross_entropy(logits, tensor([.. chosen.Select(i => (long)samples[i].Choice!.Answer)], device: device), reduction: Reduction.None);
    }

    /// <summary>Tokens [B, T, d] and mask [B, T], T being that of the longest text. Texts of about one length go through the encoder together: it works less on padding.</summary>
    private (Tensor Tokens, Tensor Mask) Texts(ObjectRelation network, IReadOnlyList<IReadOnlyList<int>> texts)
    {
        var (ids, mask) = TextInput.Stack(texts, config, device);
        // Under the published rule padding is part of what is learnt.
        if (texts.Count <= TextsTogether || config.Padding == PaddingRule.Reference) return (network.EncodeText(ids, mask), mask);
        var order = Enumerable.Range(0, texts.Count).OrderBy(i => texts[i].Count).ToArray();
        var encoded = order.Chunk(TextsTogether).Select(group =>
        {
            var (rows, longest) = (tensor([.. group.Select(i => (long)i)], device: device), Math.Min(texts[group[^1]].Count, config.MaxTextLength));
            var tokens = network.EncodeText(ids.index_select(0, rows).narrow(1, 0, longest), mask.index_select(0, rows).narrow(1, 0, longest));
            return functional.pad(tokens, [0, 0, 0, mask.shape[1] - longest]);
        });
        var places = new long[order.Length];
        foreach (var (place, i) in order.Index()) places[i] = place;
        return (cat([.. encoded], 0).index_select(0, tensor(places, device: device)), mask);
    }
}
