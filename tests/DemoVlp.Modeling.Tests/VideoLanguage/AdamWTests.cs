using DemoVlp.Modeling.VideoLanguage.Training;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>The two rules differ by their epsilon, which only small gradients show: with large ones both move by the learning rate.</summary>
[Trait("Category", "parity")]
public sealed class AdamWTests
{
    // Step t with the same gradient g throughout: m = (1 - 0.9^t) g, v = (1 - 0.999^t) g^2.
    // Reference: sqrt(1 - 0.999^t)/(1 - 0.9^t) m / (sqrt(v) + 1e-6) = c g / (c g + 1e-6), c = sqrt(1 - 0.999^t).
    // torch: m/(1 - 0.9^t) / (sqrt(v)/c + 1e-8) = g / (g + 1e-8).
    [Theory]
    [InlineData(AdamWRule.Reference, 1e-5, 1, 0.24025307335204215)] // 3.1623e-7 / (3.1623e-7 + 1e-6)
    [InlineData(AdamWRule.Reference, 1e-6, 1, 0.030653430031715508)]
    [InlineData(AdamWRule.Reference, 1e-8, 1, 0.00031612777962323965)]
    [InlineData(AdamWRule.Torch, 1e-5, 1, 0.999000999000999)]
    [InlineData(AdamWRule.Torch, 1e-6, 1, 0.9900990099009901)]
    [InlineData(AdamWRule.Torch, 1e-8, 1, 0.5)]
    [InlineData(AdamWRule.Reference, 1e-6, 3, 0.05190342552415961)] // c = sqrt(1 - 0.999^3) = 0.0547449
    [InlineData(AdamWRule.Torch, 1e-8, 3, 0.5)]
    public void Step_WithSmallGradients_FollowsItsOwnEpsilon(AdamWRule rule, double gradient, int step, double expected)
    {
        using var scope = NewDisposeScope();
        var parameter = zeros(2).requires_grad_();
        using var optimizer = new AdamW([("p", parameter)], rule);
        var before = 0.0;
        for (var t = 0; t < step; t++)
        {
            before = parameter[0].item<float>();
            optimizer.ZeroGradients();
            (parameter * tensor([(float)gradient, -(float)gradient])).sum().backward();
            optimizer.Step(1);
        }
        Assert.Equal(-expected, parameter[0].item<float>() - before, expected * 2e-5);
        Assert.Equal(-parameter[0].item<float>(), parameter[1].item<float>());
    }

    [Fact]
    public void State_AfterThreeSteps_HoldsTheMovingMeans()
    {
        using var scope = NewDisposeScope();
        var parameter = zeros(1).requires_grad_();
        var silent = zeros(1).requires_grad_();
        using var optimizer = new AdamW([("p", parameter), ("silent", silent)]);
        foreach (var gradient in new[] { 1f, -2f, 0.5f })
        {
            optimizer.ZeroGradients();
            (parameter * gradient).sum().backward();
            optimizer.Step(0.1);
        }
        var state = optimizer.Save().ToDictionary(s => s.Name, s => s.Value);
        Assert.Equal(0.1 * (0.81 * 1 - 0.9 * 2 + 0.5), state["mean.p"].item<float>(), 1e-7);
        Assert.Equal(0.001 * (0.999 * 0.999 * 1 + 0.999 * 4 + 0.25), state["variance.p"].item<float>(), 1e-9);
        Assert.Equal(3, state["steps.p"].item<long>());
        Assert.DoesNotContain("mean.silent", state.Keys); // It has had no gradient.
        Assert.Equal(0, silent.item<float>());
    }
}
