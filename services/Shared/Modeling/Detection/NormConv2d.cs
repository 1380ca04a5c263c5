using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection;

// C, O: input and output channels; k: kernel side.

/// <summary>
/// Batch normalisation with fixed statistics: y = (x - running_mean) / sqrt(running_var + 1e-5) * weight + bias, per channel. In training mode
/// the statistics are those of the batch, and the fixed ones follow them (Ioffe and Szegedy 2015).
/// </summary>
public sealed class FrozenBatchNorm : Module<Tensor, Tensor>
{
    private const double Epsilon = 1e-5, Momentum = 0.1;
    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>The identity (up to epsilon) over <paramref name="channels"/> channels.</summary>
    public FrozenBatchNorm(long channels) : base(nameof(FrozenBatchNorm))
    {
        weight = Parameter(ones(channels), requires_grad: false);
        bias = Parameter(zeros(channels), requires_grad: false);
        RegisterComponents();
        register_buffer("running_mean", zeros(channels));
        register_buffer("running_var", ones(channels));
    }

    /// <summary>The same map as one product and one sum: scale [C] and shift [C].</summary>
    public (Tensor Scale, Tensor Shift) Affine()
    {
        var scale = weight * (get_buffer("running_var")! + Epsilon).rsqrt_();
        return (scale, bias - get_buffer("running_mean")! * scale);
    }

    /// <summary>[N, C, H, W] to [N, C, H, W].</summary>
    public override Tensor forward(Tensor input) =>
        nn.functional.batch_norm(input, get_buffer("running_mean")!, get_buffer("running_var")!, weight, bias, training, Momentum, Epsilon);
}

/// <summary>
/// A convolution without bias and the frozen batch norm after it (detectron2's <c>Conv2d</c> with <c>norm</c>).
/// The norm is folded into the kernel at each call: that costs a pass over the weights, and saves one over the much larger map. Only while the
/// weights are trained is it a step of its own.
/// </summary>
public sealed class NormConv2d : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly FrozenBatchNorm norm;
    private readonly long[] strides;
    private readonly long[] padding;
    private readonly long[] dilation;

    /// <summary>An O x C x k x k kernel with "same" padding for stride 1.</summary>
    public NormConv2d(long inChannels, long outChannels, int kernel, int stride = 1, int dilation = 1) : base(nameof(NormConv2d))
    {
        weight = Parameter(zeros(outChannels, inChannels, kernel, kernel), requires_grad: false);
        norm = new FrozenBatchNorm(outChannels);
        strides = [stride, stride];
        this.dilation = [dilation, dilation];
        padding = [kernel / 2 * dilation, kernel / 2 * dilation];
        RegisterComponents();
    }

    /// <summary>[N, C, H, W] to [N, O, H', W'].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (training || weight.requires_grad) return norm.call(nn.functional.conv2d(input, weight, null, strides, padding, dilation)).MoveToOuterDisposeScope();
        var (scale, shift) = norm.Affine();
        return nn.functional.conv2d(input, weight * scale.view(-1, 1, 1, 1), shift, strides, padding, dilation).MoveToOuterDisposeScope();
    }
}
