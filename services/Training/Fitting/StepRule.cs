using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.Training.Data;
using TorchSharp;
using StepOptions = DemoVlp.Modeling.VideoLanguage.Training.TrainingOptions;

namespace DemoVlp.Training.Fitting;

/// <summary>What every run steps by, whatever it asks for; and the description of it that is kept with the run.</summary>
internal static class StepRule
{
    private const AdamWRule Rule = AdamWRule.Torch;
    private const double WeightDecay = 0.01, MaxGradientNorm = 1;
    private const string Schedule = "warmup-linear";
    private const int LongestWarmup = 100;

    /// <summary>The trainer's options.</summary>
    public static StepOptions Options(RunRow run, ModelConfig config, ComputeSettings compute) => new()
    {
        LearningRate = run.LearningRate, Rule = Rule, WeightDecay = WeightDecay, MaxGradientNorm = MaxGradientNorm, Seed = (ulong)run.Seed, Precision = compute.Precision,
        Replicas = Replicas(config, compute),
    };

    /// <summary>Copies of the network that share out a step.</summary>
    public static int Replicas(ModelConfig config, ComputeSettings compute) => compute.Device.type == DeviceType.CPU ? StepOptions.ReplicasFor(config, compute.Threads) : 1;

    /// <summary>The learning rate of a step, from 0.</summary>
    public static double LearningRate(int step, int totalSteps, double peakRate) => LearningRateSchedule.WarmupLinear(step, totalSteps, WarmupSteps(totalSteps), peakRate);

    /// <summary>All of it in words and numbers.</summary>
    public static OptimizerRecord Describe(int totalSteps, ComputeSettings compute) => new()
    {
        Rule = $"adamw-{Rule.ToString().ToLowerInvariant()}", Betas = [AdamW.Beta1, AdamW.Beta2], Epsilon = AdamW.Epsilon(Rule), WeightDecay = WeightDecay, MaxGradientNorm = MaxGradientNorm,
        Schedule = Schedule, WarmupSteps = WarmupSteps(totalSteps), Precision = compute.Precision.ToString().ToLowerInvariant(), Threads = compute.Threads,
    };

    private static int WarmupSteps(int totalSteps) => Math.Min(LongestWarmup, totalSteps / 10);
}
