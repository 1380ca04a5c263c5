using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class PointwiseConvolutionTests
{
    [Theory]
    [InlineData(32L, 33L)]
    [InlineData(8L, 33L)]
    [InlineData(4L, 5L, 8L)]
    [InlineData(256L)]
    public void Linear_ComputedAsAConvolution_IsTheSameForwardAndBackward(params long[] shape)
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(20, 12);
        using var generator = new Generator(1);
        var (x, weights) = (randn([.. shape, 20], generator: generator), randn([.. shape, 12], generator: generator));

        var expected = Gradients(input => layer.call(input));
        var actual = Gradients(input => PointwiseConvolution.Linear(layer, input));

        Assert.Equal([.. shape, 12], actual[0].shape);
        Assert.All(expected.Zip(actual), pair => Assert.True(pair.First.allclose(pair.Second, 1e-4, 1e-5)));

        // Output and the gradients of input, weight and bias.
        Tensor[] Gradients(Func<Tensor, Tensor> product)
        {
            layer.zero_grad();
            var input = x.detach().clone().requires_grad_(true);
            var output = product(input);
            output.mul(weights).sum().backward();
            return [output.detach(), input.grad!, layer.weight!.grad!.clone(), layer.bias!.grad!.clone()];
        }
    }

    [Fact]
    public void IsFaster_OfFewRowsOrAnOddNumberOfThemOrAnotherTypeOrASmallLayer_IsFalse()
    {
        using var scope = NewDisposeScope();
        using nn.Module<Tensor, Tensor> small = nn.Linear(512, 12), large = nn.Linear(512, 512);
        var layer = (TorchSharp.Modules.Linear)large;
        Assert.False(PointwiseConvolution.IsFaster(layer, zeros(4, 8, 512)));
        Assert.False(PointwiseConvolution.IsFaster(layer, zeros(9, 33, 512)));
        Assert.False(PointwiseConvolution.IsFaster(layer, zeros(32, 33, 512, float64)));
        Assert.False(PointwiseConvolution.IsFaster(layer, zeros(32, 512, 32).transpose(1, 2)));
        Assert.False(PointwiseConvolution.IsFaster((TorchSharp.Modules.Linear)small, zeros(32, 33, 512)));
    }
}
