using System.Text.Json;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class TrainingGoldenTests
{
    [Theory]
    [InlineData("08_train_retrieval", "hf_adamw", AdamWRule.Reference)]
    [InlineData("08_train_retrieval", "torch_adamw", AdamWRule.Torch)]
    [InlineData("08_train_retrieval_prob", "hf_adamw", AdamWRule.Reference)]
    public void FiveSteps_OfRetrieval_FollowThePublishedTraining(string name, string run, AdamWRule rule)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        var config = golden.ModelConfig();
        var model = golden.Load(new ObjectRelation(config));
        var loss = GlobalLocalLoss.For(config);
        Follow(golden, run, rule, model, () =>
        {
            var mask = golden.In("attention_mask");
            var value = loss.Compute(model.call(golden.In("input_ids"), mask, golden.In("object"), golden.In("object_mask")), mask);
            return (value.Total, value.Local);
        });
    }

    [Theory]
    [InlineData("hf_adamw", AdamWRule.Reference)]
    [InlineData("torch_adamw", AdamWRule.Torch)]
    public void FiveSteps_OfQuestionAnswering_FollowThePublishedTraining(string run, AdamWRule rule)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("08_train_qa");
        var model = golden.Load(new ObjectQARelation(golden.ModelConfig()));
        Follow(golden, run, rule, model, () =>
        {
            var output = model.call(golden.In("input_ids"), golden.In("attention_mask"), golden.In("object"), golden.In("object_mask"));
            return (functional.cross_entropy(output.Logits, golden.In("label")), null);
        });
    }

    [Theory]
    [InlineData("hf", AdamWRule.Reference, 0)]
    [InlineData("hf_wd", AdamWRule.Reference, 0.1)]
    [InlineData("torch", AdamWRule.Torch, 0)]
    [InlineData("torch_wd", AdamWRule.Torch, 0.1)]
    public void AdamW_ForGradientsOfAllSizes_MovesAsPublished(string name, AdamWRule rule, double weightDecay)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("08_adamw");
        var parameter = golden.In("p0").clone().requires_grad_();
        using var optimizer = new AdamW([("p", parameter)], rule, weightDecay);
        for (var step = 0; step < 4; step++)
        {
            optimizer.ZeroGradients();
            (parameter * golden.In($"g{step}")).sum().backward();
            optimizer.Step(0.001);
            golden.Check($"{name}.p{step + 1}", parameter.detach());
        }
    }

    [Fact]
    public void ReferenceSchedule_ForThePublishedCommands_GivesTheirRates()
    {
        foreach (var table in GoldenCase.Open("08_lr_schedule").Expected.GetProperty("tables").EnumerateArray())
        {
            var milestones = table.GetProperty("schedule").EnumerateArray().Select(m => m.GetInt32()).ToArray();
            var epoch = 0;
            foreach (var rate in table.GetProperty("lr_used_in_epoch").EnumerateArray())
            {
                Assert.Equal(rate.GetDouble(), LearningRateSchedule.Reference(++epoch, table.GetProperty("config_lr").GetDouble(), table.GetProperty("learning_rate1").GetDouble(), milestones), 1e-15);
            }
        }
    }

    private static void Follow(GoldenCase golden, string run, AdamWRule rule, Module model, Func<(Tensor Total, Tensor? Local)> forward)
    {
        var expected = golden.Expected.GetProperty(run);
        var tolerances = expected.GetProperty("suggested_loss_atol").EnumerateArray().Select(t => t.GetDouble()).ToArray();
        using var optimizer = new AdamW(ModelWeights.Of(model), rule);
        var step = 0;
        foreach (var entry in expected.GetProperty("steps").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            optimizer.ZeroGradients();
            var (total, local) = forward();
            total.backward();
            Assert.Equal(entry.GetProperty("loss").GetDouble(), total.item<float>(), tolerances[step]);
            if (local is not null) Assert.Equal(entry.GetProperty("local_loss").GetDouble(), local.item<float>(), tolerances[step]);
            var norm = entry.GetProperty("grad_norm").GetDouble();
            Assert.Equal(norm, optimizer.ClipGradients(), norm * 1e-3);
            if (step == 0) CheckGradients(golden, expected, model);
            optimizer.Step(golden.Config.GetProperty("lr").GetDouble());
            step++;
        }
        Assert.Equal(golden.Config.GetProperty("steps").GetInt32(), step);
        CheckParameters(expected, model);
    }

    private static void CheckGradients(GoldenCase golden, JsonElement expected, Module model)
    {
        foreach (var (name, parameter) in ModelWeights.Of(model))
        {
            var entry = expected.GetProperty("initial_grads").GetProperty(name);
            if (entry.ValueKind == JsonValueKind.Null)
            {
                Assert.True(parameter.grad is null, $"{name} must not receive a gradient");
                continue;
            }
            var squares = parameter.grad!.to_type(ScalarType.Float64).pow(2).sum().item<double>();
            // Gradients that are zero in theory hold rounding noise alone.
            if (entry.GetProperty("rel_err_vs_fp64").GetDouble() < 1e-3)
                Assert.Equal(entry.GetProperty("sumsq").GetDouble(), squares, 1e-3 * entry.GetProperty("sumsq").GetDouble() + 1e-9);
            if (golden.Outputs.Contains("grad1." + name))
            {
                var difference = (golden.Out("grad1." + name) - parameter.grad).abs().max().item<float>();
                Assert.True(difference <= 1e-3 * golden.Out("grad1." + name).abs().max().item<float>(), $"gradient of {name} differs by {difference}");
            }
        }
    }

    private static void CheckParameters(JsonElement expected, Module model)
    {
        foreach (var (name, parameter) in ModelWeights.Of(model))
        {
            var entry = expected.GetProperty("final_parameters").GetProperty(name);
            var values = parameter.detach().to_type(ScalarType.Float64);
            Assert.Equal(entry.GetProperty("sumsq").GetDouble(), values.pow(2).sum().item<double>(), entry.GetProperty("suggested_sumsq_atol").GetDouble());
            Assert.Equal(entry.GetProperty("sum").GetDouble(), values.sum().item<double>(), entry.GetProperty("suggested_sum_atol").GetDouble());
        }
    }
}
