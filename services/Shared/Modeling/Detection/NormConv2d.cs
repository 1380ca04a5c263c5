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
        var scale = weight * get_buffer("running_var")!.Add(Epsilon).rsqrt_();
        return (scale, bias - get_buffer("running_mean")! * scale);
    }

    /// <summary>[N, C, H, W] to [N, C, H, W].</summary>
    public override Tensor forward(Tensor input) =>
        nn.functional.batch_norm(input, get_buffer("running_mean")!, get_buffer("running_var")!, weight, bias, training, Momentum, Epsilon);
}

/// <summary>
/// A convolution without bias and the frozen batch norm after it (detectron2's <c>Conv2d</c> with <c>norm</c>), computed as one convolution with
/// the norm folded into kernel and bias. Only while the weights are trained is the norm a step of its own.
/// </summary>
public sealed class NormConv2d : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly FrozenBatchNorm norm;
    private readonly long[] strides;
    private readonly long[] padding;
    private readonly long[] dilation;
    private (Tensor Kernel, Tensor Bias)? folded;

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

    /// <summary>
    /// Keeps the folded kernel from now on, in <paramref name="type"/> and channels-last, the layout in which the processor's convolutions are fastest:
    /// for inference with weights that do not change any more. Outputs have that type.
    /// </summary>
    public void Fold(ScalarType type)
    {
        Forget();
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (kernel, bias) = Folded();
        var rows = kernel.permute(0, 2, 3, 1).to_type(type).contiguous().DetachFromDisposeScope();
        folded = (rows.permute(0, 3, 1, 2).DetachFromDisposeScope(), bias.to_type(type).DetachFromDisposeScope());
        rows.Dispose();
    }

    /// <summary>[N, C, H, W] to [N, O, H', W'].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (training || weight.requires_grad) return norm.call(nn.functional.conv2d(input, weight, null, strides, padding, dilation)).MoveToOuterDisposeScope();
        var (kernel, bias) = folded ?? Folded();
        return nn.functional.conv2d(input.to_type(kernel.dtype), kernel, bias, strides, padding, dilation).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) Forget();
        base.Dispose(disposing);
    }

    private (Tensor Kernel, Tensor Bias) Folded()
    {
        var (scale, shift) = norm.Affine();
        return (weight * scale.view(-1, 1, 1, 1), shift);
    }

    private void Forget()
    {
        folded?.Kernel.Dispose();
        folded?.Bias.Dispose();
        folded = null;
    }
}
