using System.Diagnostics;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using static TorchSharp.torch;

namespace DemoVlp.Training.Fitting;

/// <summary>What an estimate is made from.</summary>
/// <param name="Config">The model to be trained.</param>
/// <param name="Sample">What a step encodes for each sample.</param>
/// <param name="Clips">Samples of each clip in one pass.</param>
/// <param name="ValidationSamples">Samples of a validation.</param>
/// <param name="ValidationClips">Clips of a validation.</param>
/// <param name="WithoutFeatures">How many of both have no features yet.</param>
/// <param name="RegionBytes">Bytes of the region features of all clips.</param>
/// <param name="BatchSize">As asked for.</param>
/// <param name="Epochs">Passes.</param>
internal sealed record EstimateInput(
    ModelConfig Config, SampleSize Sample, IReadOnlyList<int> Clips, int ValidationSamples, int ValidationClips, int WithoutFeatures, long RegionBytes, int BatchSize, int Epochs)
{
    /// <summary>That of a run.</summary>
    /// <param name="config">The model to be trained.</param>
    /// <param name="examples">What it learns from.</param>
    /// <param name="longestText">Tokens of the longest text.</param>
    /// <param name="run">What was asked for.</param>
    public static EstimateInput Of(ModelConfig config, Examples examples, int longestText, RunRow run)
    {
        var all = examples.Train.Concat(examples.Validation).Select(e => e.Clip).ToList();
        return new(config, examples.SampleSize(longestText, run.BatchSize), examples.TrainClips, examples.Validation.Count, examples.ValidationClips,
            all.Count(c => c.Regions is null), RegionCache.Estimate(all, config.ObjectConfig), run.BatchSize, run.Epochs);
    }
}

/// <summary>
/// Says before a run what it will take. Time is the run's operations (<see cref="Work"/>) over a speed: that at which the latest completed runs of models of this
/// size went on this kind of device, or, while there are none, a fixed share (a larger one where replicas share out a step) of the speed of one matrix product that is measured now. Memory is counted
/// (<see cref="StepMemory"/>), with what is kept of the region features (<see cref="RegionCache"/>).
/// </summary>
internal sealed class Estimates(TrainingDbContext database, ComputeSettings compute, IOptions<TrainingOptions> options)
{
    private const int EarlierRuns = 5, LatestRuns = 50;

    // Of a bare matrix product's speed, what a training step of a small model reaches besides all its smaller operations: in one network, and shared out among replicas (measured: 0.4 to 0.6).
    private const double ShareOfMatrixProduct = 0.25, ShareWithReplicas = 0.5;

    // Weights, gradients and the optimiser's two moments, each float32.
    private const int BytesPerParameter = 16;

    // Of each further replica: weights and gradients.
    private const int BytesPerCopied = 8;

    /// <summary>Device, precision and threads, as in <see cref="RunRecord.Compute"/>.</summary>
    public string ComputeText { get; } = $"{compute.Device.type.ToString().ToLowerInvariant()}, {compute.Precision.ToString().ToLowerInvariant()}, {compute.Threads} threads";

    /// <summary>The estimate of a run.</summary>
    public async Task<TrainingEstimate> OfAsync(EstimateInput input, CancellationToken cancellationToken)
    {
        var plan = new BatchPlan(input.Clips, input.BatchSize, input.Epochs, 0);
        var (work, parameters) = (new Work(input.Config, input.Sample), ModelSize.Parameters(input.Config));
        var interval = work.ValidationInterval(input.ValidationSamples, input.ValidationClips, plan.StepsPerEpoch, plan.BatchSize);
        var validations = input.ValidationSamples == 0 ? 0 : (input.Epochs + interval - 1) / interval;
        var operations = plan.TotalSteps * work.Step(plan.BatchSize) + validations * work.Validation(input.ValidationSamples, input.ValidationClips);
        var replicas = StepRule.Replicas(input.Config, compute);
        var earlier = await EarlierSpeedAsync(parameters, cancellationToken);
        return new TrainingEstimate
        {
            Samples = input.Clips.Sum(), ValidationSamples = input.ValidationSamples, BatchSize = plan.BatchSize, StepsPerEpoch = plan.StepsPerEpoch, Steps = plan.TotalSteps,
            Bytes = StepMemory.Estimate(input.Config, plan.BatchSize, input.Sample) + (BytesPerParameter + BytesPerCopied * (replicas - 1)) * parameters + Math.Min(input.RegionBytes, options.Value.CacheBytes),
            Seconds = operations / (earlier ?? MatrixProductSpeed() * (replicas > 1 ? ShareWithReplicas : ShareOfMatrixProduct)), Basis = earlier is null ? "arithmetic" : "earlier-runs",
            WithoutFeatures = input.WithoutFeatures,
        };
    }

    /// <summary>Operations per second of earlier runs of a model of about this size (a QA head may have a few answers more): their median; null if there are none.</summary>
    private async Task<double?> EarlierSpeedAsync(long parameters, CancellationToken cancellationToken)
    {
        var (least, most) = ((long)(parameters * 0.9), (long)(parameters * 1.1));
        var runs = await database.Runs.AsNoTracking()
            .Where(r => r.State == RunState.Completed && r.ModelParameters >= least && r.ModelParameters <= most && r.StepWork != null && r.WallSeconds > 0 && r.Step > 0)
            .OrderByDescending(r => r.EndedAt).Take(LatestRuns).Select(r => new { r.StepWork, r.Step, r.WallSeconds, r.Record }).ToListAsync(cancellationToken);
        // Validations are in the time and not in the work: they cost a tenth at most.
        var speeds = runs.Where(r => r.Record?.Compute == ComputeText).Take(EarlierRuns).Select(r => r.StepWork!.Value * r.Step / r.WallSeconds).Order().ToList();
        return speeds.Count == 0 ? null : speeds[speeds.Count / 2];
    }

    // No random numbers: torch's generator belongs to the run that may be under way.
    private double MatrixProductSpeed()
    {
        const int Size = 512, Times = 8;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        // The identity: the numbers stay what they are.
        var (left, right) = (ones(Size, Size, device: compute.Device), eye(Size, device: compute.Device));
        _ = left.matmul(right).cpu();
        var clock = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++) left = left.matmul(right);
        _ = left[0, 0].item<float>();
        return 2.0 * Size * Size * Size * Times / Stopwatch.GetElapsedTime(clock).TotalSeconds;
    }
}
