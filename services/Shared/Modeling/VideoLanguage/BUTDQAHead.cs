// Question answering head (paper section 4.3; reference: class BUTDQAHead, after "bottom-up and top-down attention").
// B: questions, R: regions, d: width of the common space, h: width of the head, A: answers.

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>Regions [B, R, d], question [B, d], region mask [B, R] (1 or 0) and, unless it is to be drawn, dropout [B, R, h] to logits [B, A] and attention [B, R].</summary>
internal sealed class BUTDQAHead : Module<Tensor, Tensor, Tensor, Tensor?, (Tensor Logits, Tensor Attention)>
{
    private readonly RegionAttention v_att;
    private readonly AnswerClassifier classifier;

    internal BUTDQAHead(int dim, int hidden, int answers, PaddingRule padding) : base(nameof(BUTDQAHead))
    {
        v_att = new RegionAttention(dim, hidden, padding);
        classifier = new AnswerClassifier(dim, hidden, answers);
        RegisterComponents();
    }

    /// <inheritdoc cref="RegionAttention.DrawDropout"/>
    internal Tensor DrawDropout(long questions, long regions, Device device) => v_att.DrawDropout(questions, regions, device);

    public override (Tensor Logits, Tensor Attention) forward(Tensor regions, Tensor question, Tensor mask, Tensor? dropout)
    {
        var attention = v_att.call(regions, question, mask, dropout); // (B, R)
        var seen = attention.unsqueeze(1).matmul(regions).squeeze(1); // (B, d)
        return (classifier.call(question, seen), attention);
    }
}

internal sealed class RegionAttention : Module<Tensor, Tensor, Tensor, Tensor?, Tensor>
{
    private readonly PaddingRule padding;
    private readonly int hidden;
    private readonly WeightNormProjection v_proj;
    private readonly WeightNormProjection q_proj;
    private readonly Dropout dropout;
    private readonly WeightNormLinear linear;

    internal RegionAttention(int dim, int hidden, PaddingRule padding) : base(nameof(RegionAttention))
    {
        (this.padding, this.hidden) = (padding, hidden);
        v_proj = new WeightNormProjection(dim, hidden);
        q_proj = new WeightNormProjection(dim, hidden);
        dropout = Dropout(0.2);
        linear = new WeightNormLinear(hidden, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor regions, Tensor question, Tensor mask, Tensor? dropout) => Logits(regions, question, mask, dropout).softmax(-1);

    /// <summary>[B, R, h]: what <see cref="forward"/> would multiply by, drawn for all questions at once, so that parts of a batch can be answered apart.</summary>
    internal Tensor DrawDropout(long questions, long regions, Device device) => dropout.call(ones(questions, regions, hidden, device: device));

    /// <summary>
    /// Begins with attention to regions that are like the question: with one random projection for both sides the sum of products grows with the cosine between them (an
    /// arc-cosine kernel). Regions and words share a space, so a new head on a retrieval model finds what is asked about; with two projections it has to be learnt.
    /// </summary>
    internal void LookForWhatIsAlike()
    {
        q_proj.CopyFrom(v_proj);
        linear.Even();
    }

    internal Tensor Logits(Tensor regions, Tensor question, Tensor mask, Tensor? dropped = null)
    {
        var joint = v_proj.call(regions) * q_proj.call(question).unsqueeze(1); // (B, R, h)
        var scores = linear.call(dropped is null ? dropout.call(joint) : joint * dropped).squeeze(-1); // (B, R)
        // The published code multiplies: a padded region keeps the logit 0 and with it a part of the attention.
        if (padding == PaddingRule.Reference) return scores * mask.to_type(scores.dtype);
        return scores.MaskedFill(mask.Eq(0), -1e9);
    }
}

internal sealed class AnswerClassifier : Module<Tensor, Tensor, Tensor>
{
    private readonly WeightNormProjection q_net;
    private readonly WeightNormProjection v_net;
    private readonly Sequential main;

    internal AnswerClassifier(int dim, int hidden, int answers) : base(nameof(AnswerClassifier))
    {
        q_net = new WeightNormProjection(dim, hidden);
        v_net = new WeightNormProjection(dim, hidden);
        main = Sequential(("0", Linear(hidden, 2 * hidden)), ("1", ReLU()), ("3", Linear(2 * hidden, answers)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor question, Tensor seen) => main.call(q_net.call(question) * v_net.call(seen));
}

/// <summary>Weight-normalised linear layer and ReLU; the layer's keys are <c>main.0.*</c>.</summary>
internal sealed class WeightNormProjection : Module<Tensor, Tensor>
{
    private readonly Sequential main;

    internal WeightNormProjection(int dim, int hidden) : base(nameof(WeightNormProjection))
    {
        main = Sequential(("0", new WeightNormLinear(dim, hidden)), ("1", ReLU()));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => main.call(x);

    internal void CopyFrom(WeightNormProjection other)
    {
        foreach (var (own, theirs) in parameters().Zip(other.parameters())) own.copy_(theirs);
    }
}

/// <summary>x (g V / ||V||)^T + b with one scalar g and the Frobenius norm of the whole matrix (torch: weight_norm with dim None).</summary>
internal sealed class WeightNormLinear : Module<Tensor, Tensor>
{
    private readonly Parameter bias;
    private readonly Parameter weight_g;
    private readonly Parameter weight_v;

    internal WeightNormLinear(int inputs, int outputs) : base(nameof(WeightNormLinear))
    {
        bias = Parameter(zeros(outputs));
        weight_g = Parameter(ones(Array.Empty<long>()));
        weight_v = Parameter(ones(outputs, inputs));
        RegisterComponents();
    }

    /// <summary>torch's initialisation of a linear layer, taken apart.</summary>
    internal void Initialise(Generator generator)
    {
        var bound = 1 / Math.Sqrt(weight_v.shape[1]);
        weight_v.uniform_(-bound, bound, generator);
        bias.uniform_(-bound, bound, generator);
        weight_g.copy_(weight_v.norm());
    }

    /// <summary>Every input counts alike, with weights as large together as random ones.</summary>
    internal void Even()
    {
        weight_v.FillInPlace(1 / Math.Sqrt(weight_v.shape[1]));
        weight_g.copy_(weight_v.norm());
        bias.FillInPlace(0);
    }

    public override Tensor forward(Tensor x) => functional.linear(x, weight_v * (weight_g / weight_v.norm()), bias);
}
