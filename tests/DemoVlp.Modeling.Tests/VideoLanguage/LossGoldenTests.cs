using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class LossGoldenTests
{
    [Fact]
    public void NormSoftmaxLoss_ForSquareAndRectangularMatrices_GivesThePublishedValueAndGradient()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("04_norm_softmax");
        Check("x", "", 0.05);
        Check("x", "t05.", 0.5);
        Check("rect.x", "rect.", 0.05);

        void Check(string input, string prefix, double temperature)
        {
            var x = golden.In(input).clone().requires_grad_();
            var loss = new NormSoftmaxLoss(temperature).Compute(x);
            loss.backward();
            golden.Check(prefix + "loss", loss);
            golden.Check(prefix + "grad_x", x.grad!);
        }
    }

    [Theory]
    [InlineData("", 1, true)]
    [InlineData("nofix.", 1, false)]
    [InlineData("m02.", 0.2, true)]
    public void MaxMarginRankingLoss_WithAndWithoutTheDiagonal_GivesThePublishedValueAndGradient(string prefix, double margin, bool fixNorm)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("04_max_margin");
        var x = golden.In("x").clone().requires_grad_();
        var loss = new MaxMarginRankingLoss(margin, fixNorm).Compute(x);
        loss.backward();
        golden.Check(prefix + "loss", loss);
        golden.Check(prefix + "grad_x", x.grad!);
    }

    [Theory]
    [InlineData("04_rwa_global_local_equal", FocalType.Equal)]
    [InlineData("04_rwa_global_local_prob", FocalType.Prob)]
    public void RWALoss_WithEveryKindOfMask_GivesThePublishedValueAndGradients(string name, FocalType focal)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        var (imMask, sMask) = (golden.In("im_mask"), golden.In("s_mask"));
        var alignment = new RegionWordAlignment(focal, PaddingRule.Reference);
        golden.Check("rwa.scores", alignment.Similarity(golden.In("im"), imMask, golden.In("s"), sMask));
        Check("rwa.", imMask, sMask);
        Check("rwa_mask64.", imMask.to_type(ScalarType.Float64), sMask);
        Check("rwa_nomask.", zeros_like(imMask), zeros_like(sMask));

        void Check(string prefix, Tensor regionMask, Tensor wordMask)
        {
            var im = golden.In("im").clone().requires_grad_();
            var s = golden.In("s").clone().requires_grad_();
            var loss = new RWALoss(alignment).Compute(im, regionMask, s, wordMask);
            loss.backward();
            golden.Check(prefix + "loss", loss);
            golden.Check(prefix + "grad_im", im.grad!);
            golden.Check(prefix + "grad_s", s.grad!);
        }
    }

    [Theory]
    [InlineData("04_rwa_global_local_equal", FocalType.Equal, true, true)]
    [InlineData("04_rwa_global_local_equal", FocalType.Equal, true, false)]
    [InlineData("04_rwa_global_local_equal", FocalType.Equal, false, true)]
    [InlineData("04_rwa_global_local_prob", FocalType.Prob, true, true)]
    [InlineData("04_rwa_global_local_prob", FocalType.Prob, true, false)]
    [InlineData("04_rwa_global_local_prob", FocalType.Prob, false, true)]
    public void GlobalLocalLoss_ForEachChoiceOfParts_GivesThePublishedValuesAndGradients(string name, FocalType focal, bool local, bool global)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        var prefix = $"gl_local{(local ? 1 : 0)}_global{(global ? 1 : 0)}.";
        var (g, im, s) = (golden.In("global_sim").clone().requires_grad_(), golden.In("im").clone().requires_grad_(), golden.In("s").clone().requires_grad_());

        var loss = new GlobalLocalLoss(new RegionWordAlignment(focal, PaddingRule.Reference), UseLocal: local, UseGlobal: global).Compute(g, im, golden.In("im_mask"), s, golden.In("s_mask"));
        loss.Total.backward();

        golden.Check(prefix + "loss", loss.Total);
        golden.Check(prefix + "global_loss", loss.Global);
        golden.Check(prefix + "local_loss", loss.Local);
        golden.Check(prefix + "grad_global_sim", g.grad ?? zeros_like(g));
        golden.Check(prefix + "grad_im", im.grad ?? zeros_like(im));
        golden.Check(prefix + "grad_s", s.grad ?? zeros_like(s));
    }
}
