// The question answering model (paper section 4.3; reference: class ObjectQARelation).
// B: questions, T: tokens, F: frames, N: regions per frame, R = F*N, d: width of the common space, A: answers.

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>What a QA model says about a batch.</summary>
/// <param name="Logits">[B, A].</param>
/// <param name="Attention">[B, R]: how much each region counted, sums to 1.</param>
public sealed record AnswerOutput(Tensor Logits, Tensor Attention);

/// <summary>Both encoders with an answer head. Inputs: token ids, attention mask, objects, object mask.</summary>
public sealed class ObjectQARelation : Module<Tensor, Tensor, Tensor, Tensor, AnswerOutput>, IObjectRelation
{
    private readonly PaddingRule padding;
    private readonly DistilBert text_model;
    private readonly ObjectTransformer object_model;
    private readonly BUTDQAHead head;
    private readonly Sequential txt_proj;

    /// <summary>A model with torch's default initialisation; see <see cref="ModelInitialisation"/>.</summary>
    public ObjectQARelation(ModelConfig config) : base(nameof(ObjectQARelation))
    {
        padding = config.Padding;
        text_model = new DistilBert(config.TextConfig);
        object_model = new ObjectTransformer(config.ObjectConfig, config.ProjectionDim);
        head = new BUTDQAHead(config.ProjectionDim, config.HeadDim ?? config.ProjectionDim, config.NumLabels, padding);
        txt_proj = Sequential(ReLU(), Linear(config.TextConfig.Dim, config.ProjectionDim));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public Tensor EncodeText(Tensor inputIds, Tensor attentionMask) => txt_proj.call(text_model.call(inputIds, attentionMask));

    /// <inheritdoc/>
    public (Tensor Tokens, Tensor Mask) EncodeObjects(Tensor objects, Tensor objectMask) => object_model.call(objects, objectMask);

    /// <summary>One vector for a question, [B, d]: the maximum over its tokens (over padding too, as published, under that rule).</summary>
    public Tensor Question(Tensor tokens, Tensor attentionMask)
    {
        var candidates = padding == PaddingRule.Reference ? tokens : tokens.MaskedFill(attentionMask.Eq(0).unsqueeze(-1), double.NegativeInfinity);
        return candidates.amax([1]);
    }

    /// <inheritdoc/>
    public override AnswerOutput forward(Tensor inputIds, Tensor attentionMask, Tensor objects, Tensor objectMask)
    {
        using var scope = NewDisposeScope();
        var (tokens, _) = EncodeObjects(objects, objectMask);
        var output = Answer(inputIds, attentionMask, tokens, objectMask.flatten(1));
        return new AnswerOutput(output.Logits.MoveToOuterDisposeScope(), output.Attention.MoveToOuterDisposeScope());
    }

    /// <summary>[B, R, h]: the head's dropout of a training step, for <see cref="Answer"/>; all 1 where nothing is trained.</summary>
    internal Tensor DrawDropout(long questions, long regions, Device device) => head.DrawDropout(questions, regions, device);

    /// <summary>
    /// Answers questions about encoded videos: token ids and mask [B, T], video tokens [B, 1+R, d], [CLS] first, region mask [B, R] (1 or 0), and the head's dropout, drawn here if there is none.
    /// </summary>
    public AnswerOutput Answer(Tensor inputIds, Tensor attentionMask, Tensor tokens, Tensor regionMask, Tensor? dropout = null)
    {
        using var scope = NewDisposeScope();
        var question = Question(EncodeText(inputIds, attentionMask), attentionMask);
        var (logits, attention) = head.call(tokens.narrow(1, 1, tokens.shape[1] - 1), question, regionMask, dropout);
        return new AnswerOutput(logits.MoveToOuterDisposeScope(), attention.MoveToOuterDisposeScope());
    }
}
