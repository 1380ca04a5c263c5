using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>A part of a batch of pairs that a replica works on: its own samples, and the rows of their videos in the alignment of all pairs. n: samples of the part, B: of the batch.</summary>
/// <param name="encoded">What its replica made of them.</param>
/// <param name="first">Its first sample's place in the batch.</param>
/// <param name="choices">Samples of the batch that come with near misses.</param>
internal sealed class RetrievalPart(EncodedSamples encoded, int first, int choices)
{
    private readonly long count = encoded.Texts.shape[0];
    private RegionWordAlignment? alignment;
    private (Tensor Regions, Tensor RegionMask, Tensor Words, Tensor WordMask) pairs;
    private Tensor? regionGradient;

    public EncodedSamples Encoded => encoded;

    /// <summary>Its share of the mean over all near misses; null if none of its samples has any.</summary>
    public Tensor? ChoiceLoss { get; } = encoded.ChoiceLosses?.sum().Div(choices);

    /// <summary>[n, B]: its videos and all captions.</summary>
    public Tensor? Similarities { get; private set; }

    /// <summary>[B, L, d]: what its videos have to say about all words.</summary>
    public Tensor? WordGradient { get; private set; }

    /// <summary>The parts' outputs as one batch's, without a graph.</summary>
    public static EncodedSamples Join(IReadOnlyList<EncodedSamples> parts)
    {
        var words = parts.Max(p => p.Texts.shape[1]);
        var (videos, regionMask) = VideoBatch.Join([.. parts.Select(p => (p.Videos, p.RegionMask))]);
        return new EncodedSamples(
            cat([.. parts.Select(p => nn.functional.pad(p.Texts.detach(), [0, 0, 0, words - p.Texts.shape[1]]))], 0),
            cat([.. parts.Select(p => nn.functional.pad(p.TextMask, [0, words - p.TextMask.shape[1]]))], 0), videos, regionMask, null);
    }

    /// <summary>Computes <see cref="Similarities"/>.</summary>
    public void Align(RegionWordAlignment with, EncodedSamples all)
    {
        alignment = with;
        var output = all.Output;
        pairs = (output.LocalObject.narrow(0, first, count).requires_grad_(), output.ObjectMask.narrow(0, first, count), output.LocalText.requires_grad_(), all.WordMask);
        // Where a graph would be too large, the way back computes the rows a second time.
        using var graph = set_grad_enabled(!with.NeedsBlocks(pairs.Regions, pairs.Words));
        Similarities = with.Similarity(pairs.Regions, pairs.RegionMask, pairs.Words, pairs.WordMask);
    }

    /// <summary>From the gradient of the loss by all similarities [B, B] to those by its regions and by all words.</summary>
    public void AlignBackward(Tensor gradient)
    {
        var own = gradient.narrow(0, first, count);
        if (Similarities!.requires_grad)
        {
            autograd.backward([Similarities], [own]);
            (regionGradient, WordGradient) = (pairs.Regions.grad!, pairs.Words.grad!);
        }
        else
        {
            (regionGradient, WordGradient) = alignment!.Gradients(pairs.Regions, pairs.RegionMask, pairs.Words, pairs.WordMask, own);
        }
    }

    /// <summary>From the gradients of the loss by what was encoded to those by its replica's weights.</summary>
    /// <param name="texts">[B, d]: by the [CLS] tokens of all texts; null if they have no part in the loss.</param>
    /// <param name="words">[B, L, d]: by the other tokens.</param>
    /// <param name="videos">[B, d]: by the [CLS] tokens of all videos.</param>
    public void Backward(Tensor? texts, Tensor? words, Tensor? videos)
    {
        var (textGradient, videoGradient) = (zeros_like(encoded.Texts), zeros_like(encoded.Videos));
        Add(textGradient, texts?.narrow(0, first, count), words?.narrow(0, first, count));
        Add(videoGradient, videos?.narrow(0, first, count), regionGradient);
        List<Tensor> outputs = [encoded.Texts, encoded.Videos], gradients = [textGradient, videoGradient];
        if (ChoiceLoss is not null) (outputs, gradients) = ([.. outputs, ChoiceLoss], [.. gradients, ones_like(ChoiceLoss)]);
        autograd.backward(outputs, gradients);

        // Without what the batch's longest has more.
        static void Add(Tensor to, Tensor? cls, Tensor? others)
        {
            using var noGradient = no_grad();
            if (cls is not null) to.select(1, 0).AddInPlace(cls);
            if (others is not null) to.narrow(1, 1, to.shape[1] - 1).AddInPlace(others.narrow(1, 0, to.shape[1] - 1));
        }
    }
}
