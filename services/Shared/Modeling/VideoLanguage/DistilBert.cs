// Text encoder (paper section 3.1; reference: transformers 4.10 modeling_distilbert.py).
// B: texts, T: tokens, D: width, h: heads. All T positions come out, padding included: it attends to the real tokens.

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>DistilBERT: token ids [B, T] (int64) and mask [B, T] (1 real, 0 padding) to hidden states [B, T, D].</summary>
public sealed class DistilBert : Module<Tensor, Tensor, Tensor>
{
    private readonly DistilBertEmbeddings embeddings;
    private readonly DistilBertTransformer transformer;

    /// <summary>An encoder with torch's default initialisation; see <see cref="ModelInitialisation"/>.</summary>
    public DistilBert(TextEncoderConfig config) : base(nameof(DistilBert))
    {
        embeddings = new DistilBertEmbeddings(config);
        transformer = new DistilBertTransformer(config);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor inputIds, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var hidden = embeddings.call(inputIds);
        var mask = zeros_like(attentionMask, hidden.dtype).MaskedFill(attentionMask.Eq(0), double.NegativeInfinity).unsqueeze(1).unsqueeze(1); // (B, 1, 1, T)
        return transformer.call(hidden, mask).MoveToOuterDisposeScope();
    }
}

internal sealed class DistilBertEmbeddings : Module<Tensor, Tensor>
{
    private readonly Embedding word_embeddings;
    private readonly Embedding position_embeddings;
    private readonly LayerNorm LayerNorm;
    private readonly Dropout dropout;

    internal DistilBertEmbeddings(TextEncoderConfig config) : base(nameof(DistilBertEmbeddings))
    {
        word_embeddings = Embedding(config.VocabSize, config.Dim, padding_idx: config.PadTokenId);
        position_embeddings = Embedding(config.MaxPositionEmbeddings, config.Dim);
        LayerNorm = LayerNorm(config.Dim, eps: 1e-12);
        dropout = Dropout(config.Dropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor inputIds)
    {
        var positions = TensorNumbers.Arange(inputIds.shape[1], ScalarType.Int64, inputIds.device);
        return dropout.call(LayerNorm.call(word_embeddings.call(inputIds).Add(position_embeddings.call(positions))));
    }
}

internal sealed class DistilBertTransformer : Module<Tensor, Tensor, Tensor>
{
    private readonly ModuleList<DistilBertLayer> layer;

    internal DistilBertTransformer(TextEncoderConfig config) : base(nameof(DistilBertTransformer))
    {
        layer = ModuleList(Enumerable.Range(0, config.NLayers).Select(_ => new DistilBertLayer(config)).ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor mask)
    {
        foreach (var block in layer) hidden = block.call(hidden, mask);
        return hidden;
    }
}

internal sealed class DistilBertLayer : Module<Tensor, Tensor, Tensor>
{
    private readonly DistilBertAttention attention;
    private readonly LayerNorm sa_layer_norm;
    private readonly DistilBertFeedForward ffn;
    private readonly LayerNorm output_layer_norm;

    internal DistilBertLayer(TextEncoderConfig config) : base(nameof(DistilBertLayer))
    {
        attention = new DistilBertAttention(config);
        sa_layer_norm = LayerNorm(config.Dim, eps: 1e-12);
        ffn = new DistilBertFeedForward(config);
        output_layer_norm = LayerNorm(config.Dim, eps: 1e-12);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor mask)
    {
        hidden = sa_layer_norm.call(attention.call(hidden, mask).Add(hidden));
        return output_layer_norm.call(ffn.call(hidden).Add(hidden));
    }
}

internal sealed class DistilBertAttention : Module<Tensor, Tensor, Tensor>
{
    private readonly int heads;
    private readonly Linear q_lin;
    private readonly Linear k_lin;
    private readonly Linear v_lin;
    private readonly Linear out_lin;
    private readonly double dropout;

    internal DistilBertAttention(TextEncoderConfig config) : base(nameof(DistilBertAttention))
    {
        heads = config.NHeads;
        q_lin = Linear(config.Dim, config.Dim);
        k_lin = Linear(config.Dim, config.Dim);
        v_lin = Linear(config.Dim, config.Dim);
        out_lin = Linear(config.Dim, config.Dim);
        dropout = config.AttentionDropout;
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor mask)
    {
        var (q, k, v) = (Split(Autocast.Linear(q_lin, hidden)), Split(Autocast.Linear(k_lin, hidden)), Split(Autocast.Linear(v_lin, hidden))); // (B, h, T, D/h)
        var seen = functional.scaled_dot_product_attention(q, k, v, mask.expand(-1, -1, hidden.shape[1], -1), training ? dropout : 0);
        return Autocast.Linear(out_lin, seen.transpose(1, 2).flatten(2)); // (B, T, D)
    }

    private Tensor Split(Tensor x) => x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);
}

internal sealed class DistilBertFeedForward : Module<Tensor, Tensor>
{
    private readonly Linear lin1;
    private readonly Linear lin2;
    private readonly Dropout dropout;

    internal DistilBertFeedForward(TextEncoderConfig config) : base(nameof(DistilBertFeedForward))
    {
        lin1 = Linear(config.Dim, config.HiddenDim);
        lin2 = Linear(config.HiddenDim, config.Dim);
        dropout = Dropout(config.Dropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden) => dropout.call(Autocast.Linear(lin2, functional.gelu(Autocast.Linear(lin1, hidden))));
}
