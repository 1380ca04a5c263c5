using System.Text.Json;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed class TrainingGoldenTests
{
    [Theory, GoldenCases("08_train_retrieval")]
    public void FiveSteps_OfRetrieval_FollowThePublishedTraining(string name) => GoldenCase.Verify(name, golden =>
    {
        var config = golden.ModelConfig();
        var loss = GlobalLocalLoss.For(config);
        Follow(golden, () => new ObjectRelation(config), model =>
        {
            var mask = golden.In("attention_mask");
            var value = loss.Compute(model.call(golden.In("input_ids"), mask, golden.In("object"), golden.In("object_mask")), mask);
            return new() { ["loss"] = value.Total, ["global_loss"] = value.Global, ["local_loss"] = value.Local };
        });
    });

    [Theory, GoldenCases("08_train_qa")]
    public void FiveSteps_OfQuestionAnswering_FollowThePublishedTraining(string name) => GoldenCase.Verify(name, golden =>
    {
        var config = golden.ModelConfig();
        Follow(golden, () => new ObjectQARelation(config), model =>
        {
            var output = model.call(golden.In("input_ids"), golden.In("attention_mask"), golden.In("object"), golden.In("object_mask"));
            var labels = golden.In("label");
            return new() { ["loss"] = functional.cross_entropy(output.Logits, labels), ["correct"] = output.Logits.detach().argmax(1).eq(labels).sum() };
        });
    });

    [Theory, GoldenCases("08_adamw")]
    public void AdamW_ForGradientsOfAllSizes_MovesAsPublished(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var run in golden.Config.EnumerateObject())
        {
            var parameter = golden.In("p0").clone().requires_grad_();
            using var optimizer = new AdamW([("p", parameter)], Rule(run.Name), run.Value.GetProperty("weight_decay").GetDouble());
            for (var step = 0; golden.Has($"g{step}"); step++)
            {
                optimizer.ZeroGradients();
                (parameter * golden.In($"g{step}")).sum().backward();
                optimizer.Step(run.Value.GetProperty("lr").GetDouble());
                golden.Check($"{run.Name}.p{step + 1}", parameter);
            }
        }
    });

    [Theory, GoldenCases("08_lr_schedule")]
    public void ReferenceSchedule_ForThePublishedCommands_GivesTheirRates(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var table in golden.Expect("tables")!.Value.EnumerateArray())
        {
            var milestones = table.GetProperty("schedule").EnumerateArray().Select(m => m.GetInt32()).ToArray();
            var epoch = 0;
            foreach (var rate in table.GetProperty("lr_used_in_epoch").EnumerateArray())
                golden.Near($"epoch {++epoch}", rate, LearningRateSchedule.Reference(epoch, table.GetProperty("config_lr").GetDouble(), table.GetProperty("learning_rate1").GetDouble(), milestones), 1e-15);
            golden.Same("epochs", table.GetProperty("epochs").GetInt32(), epoch);
        }
    });

    private static AdamWRule Rule(string run) => run.StartsWith("hf", StringComparison.Ordinal) ? AdamWRule.Reference : AdamWRule.Torch;

    /// <summary>Each run of the case (hf_adamw, torch_adamw): losses and gradient norms of every step, gradients of the first, parameters after the last.</summary>
    private static void Follow<T>(GoldenCase golden, Func<T> create, Func<T, Dictionary<string, Tensor>> forward) where T : Module
    {
        var losses = new Dictionary<string, List<double>>();
        foreach (var run in golden.Manifest.GetProperty("expected").EnumerateObject().Where(e => e.Value.ValueKind == JsonValueKind.Object && e.Value.TryGetProperty("steps", out _)).Select(e => e.Name).ToList())
        {
            using var scope = NewDisposeScope();
            var expected = golden.Expect(run)!.Value;
            var model = golden.Load(create());
            using var optimizer = new AdamW(ModelWeights.Of(model), Rule(run));
            var tolerances = expected.GetProperty("suggested_loss_atol").EnumerateArray().Select(t => t.GetDouble()).ToArray();
            losses[run] = [];
            foreach (var entry in expected.GetProperty("steps").EnumerateArray())
            {
                using var inner = NewDisposeScope();
                var step = losses[run].Count;
                optimizer.ZeroGradients();
                var values = forward(model);
                values["loss"].backward();
                foreach (var (key, value) in values.Where(v => entry.TryGetProperty(v.Key, out _)))
                    // The parts of a loss stray further than their sum, whose drift the manifest gives.
                    golden.Near($"{run} step {step} {key}", entry.GetProperty(key), value.to_type(ScalarType.Float64).item<double>(), tolerances[step] * (key == "loss" ? 1 : 3));
                var norm = entry.GetProperty("grad_norm").GetDouble();
                // The drift of the loss tells how far the trajectory itself may stray.
                golden.Near($"{run} step {step} grad_norm", entry.GetProperty("grad_norm"), optimizer.ClipGradients(), norm * Math.Max(1e-3, 10 * tolerances[step]));
                if (step == 0) CheckGradients(golden, expected.GetProperty("initial_grads"), model);
                optimizer.Step(golden.Setting("lr", 0));
                losses[run].Add(values["loss"].item<float>());
            }
            golden.Same($"{run} steps", (int)golden.Setting("steps", 0), losses[run].Count);
            CheckParameters(golden, run, expected.GetProperty("final_parameters"), model);
        }
        // The published trainer itself, as a check of the run written for the goldens.
        if (golden.Expect("reference_trainer_check") is { } check && check.TryGetProperty("losses", out var published) && losses.TryGetValue("hf_adamw", out var ours))
        {
            foreach (var (loss, step) in published.EnumerateArray().Select((l, i) => (l, i))) golden.Near($"trainer step {step}", loss, ours[step], 1e-4 * Math.Abs(loss.GetDouble()));
            if (check.TryGetProperty("lr_after_epoch_1", out var rate)) golden.Near("rate after epoch 1", rate, LearningRateSchedule.Reference(2, golden.Setting("lr", 0), 2e-4, [30, 40]), 1e-15);
        }
        golden.NoResult("focal_threshold_margin", "batches_tried");
    }

    private static void CheckGradients(GoldenCase golden, JsonElement expected, Module model)
    {
        foreach (var (name, parameter) in ModelWeights.Of(model))
        {
            var entry = expected.GetProperty(name);
            if (entry.ValueKind == JsonValueKind.Null)
            {
                golden.Same($"{name} has a gradient", false, parameter.grad is not null);
                continue;
            }
            // Gradients that are zero in theory hold rounding noise alone.
            var strays = entry.GetProperty("rel_err_vs_fp64").GetDouble();
            if (parameter.grad is null) golden.Fault($"{name} has no gradient");
            if (parameter.grad is null || strays > 1e-3) continue;
            var gradient = parameter.grad.to_type(ScalarType.Float64);
            var (largest, squares) = (entry.GetProperty("max_abs").GetDouble(), entry.GetProperty("sumsq").GetDouble());
            var relative = Math.Max(1e-4, 30 * strays);
            golden.Near($"gradient of {name}: squares", entry.GetProperty("sumsq"), gradient.pow(2).sum().item<double>(), 2 * relative * squares + 1e-12);
            golden.Near($"gradient of {name}: sum", entry.GetProperty("sum"), gradient.sum().item<double>(), relative * Math.Sqrt(squares * parameter.numel()) + 1e-9);
            golden.Near($"gradient of {name}: largest", entry.GetProperty("max_abs"), gradient.abs().max().item<double>(), relative * largest + 1e-12);
            golden.Check("grad1." + name, parameter.grad, relative * largest);
        }
    }

    private static void CheckParameters(GoldenCase golden, string run, JsonElement expected, Module model)
    {
        foreach (var (name, parameter) in ModelWeights.Of(model))
        {
            var entry = expected.GetProperty(name);
            var values = parameter.detach().to_type(ScalarType.Float64);
            golden.Near($"{run} {name}: squares", entry.GetProperty("sumsq"), values.pow(2).sum().item<double>(), entry.GetProperty("suggested_sumsq_atol").GetDouble());
            golden.Near($"{run} {name}: sum", entry.GetProperty("sum"), values.sum().item<double>(), entry.GetProperty("suggested_sum_atol").GetDouble());
            golden.Same($"{run} {name}: size", entry.GetProperty("numel").GetInt64(), parameter.numel());
            // The drift is what any correct implementation deviates by.
            golden.Check($"{run}.final.{name}", parameter, Math.Max(1e-6, 5 * entry.GetProperty("max_abs_drift").GetDouble()));
        }
    }
}
