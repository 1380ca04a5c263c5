using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed class LossGoldenTests
{
    [Theory, GoldenCases("04_norm_softmax")]
    public void NormSoftmaxLoss_ForSquareAndRectangularMatrices_GivesThePublishedValueAndGradient(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var prefix in Prefixes(golden))
        {
            // t05.temperature is that of t05.loss; an input of the same name (rect.x) replaces x.
            var x = golden.In(golden.Has(prefix + "x") ? prefix + "x" : "x").clone().requires_grad_();
            var temperature = golden.Setting(prefix + "temperature", golden.Setting("temperature", 0.05));
            var loss = new NormSoftmaxLoss(temperature).Compute(x);
            loss.backward();
            golden.Check(prefix + "loss", loss);
            golden.Check(prefix + "grad_x", x.grad!);
        }
    });

    [Theory, GoldenCases("04_max_margin")]
    public void MaxMarginRankingLoss_WithAndWithoutTheDiagonal_GivesThePublishedValueAndGradient(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var prefix in Prefixes(golden))
        {
            var settings = golden.Config.GetProperty(prefix);
            var x = golden.In("x").clone().requires_grad_();
            var loss = new MaxMarginRankingLoss(settings.GetProperty("margin").GetDouble(), settings.GetProperty("fix_norm").GetBoolean()).Compute(x);
            loss.backward();
            golden.Check(prefix + "loss", loss);
            golden.Check(prefix + "grad_x", x.grad!);
        }
    });

    [Theory, GoldenCases("04_rwa_global_local")]
    public void RWALossAndGlobalLocalLoss_WithEveryMaskAndChoiceOfParts_GiveThePublishedValuesAndGradients(string name) => GoldenCase.Verify(name, golden =>
    {
        var (imMask, sMask) = (golden.In("im_mask"), golden.In("s_mask"));
        var alignment = golden.Alignment();
        golden.Check("rwa.scores", alignment.Similarity(golden.In("im"), imMask, golden.In("s"), sMask));
        Alone("rwa.", imMask, sMask);
        Alone("rwa_mask64.", imMask.to_type(ScalarType.Float64), sMask);
        Alone("rwa_nomask.", zeros_like(imMask), zeros_like(sMask));
        foreach (var prefix in Prefixes(golden).Where(p => p.StartsWith("gl_", StringComparison.Ordinal))) Together(prefix);
        golden.NoResult("caption_lengths", "focal_threshold_margin");

        void Alone(string prefix, Tensor regionMask, Tensor wordMask)
        {
            var im = golden.In("im").clone().requires_grad_();
            var s = golden.In("s").clone().requires_grad_();
            var loss = new RWALoss(alignment).Compute(im, regionMask, s, wordMask);
            loss.backward();
            golden.Check(prefix + "loss", loss);
            golden.Check(prefix + "grad_im", im.grad!);
            golden.Check(prefix + "grad_s", s.grad!);
        }

        void Together(string prefix) // gl_local1_global0.
        {
            var (g, im, s) = (golden.In("global_sim").clone().requires_grad_(), golden.In("im").clone().requires_grad_(), golden.In("s").clone().requires_grad_());
            var objective = new GlobalLocalLoss(alignment, golden.Setting("temperature", 0.05),
                UseLocal: prefix.Contains("local1", StringComparison.Ordinal), UseGlobal: prefix.Contains("global1", StringComparison.Ordinal));
            var loss = objective.Compute(g, im, imMask, s, sMask);
            loss.Total.backward();
            golden.Check(prefix + "loss", loss.Total);
            golden.Check(prefix + "global_loss", loss.Global);
            golden.Check(prefix + "local_loss", loss.Local);
            golden.Check(prefix + "grad_global_sim", g.grad ?? zeros_like(g));
            golden.Check(prefix + "grad_im", im.grad ?? zeros_like(im));
            golden.Check(prefix + "grad_s", s.grad ?? zeros_like(s));
        }
    });

    /// <summary>The variants of a case: what stands before "loss" in its outputs, the plain one being "".</summary>
    private static List<string> Prefixes(GoldenCase golden) =>
        [.. golden.Outputs.Where(o => o == "loss" || o.EndsWith(".loss", StringComparison.Ordinal)).Select(o => o[..^"loss".Length])];
}
