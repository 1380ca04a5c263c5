namespace DemoVlp.Contracts.Http;

/// <summary>Body of <c>POST /training-runs</c>.</summary>
public sealed record TrainingRunRequest
{
    /// <summary><c>retrieval</c> or <c>question-answering</c>.</summary>
    public string? Task { get; init; }

    /// <summary>Data set by name; <c>library</c> is the uploaded videos that have captions.</summary>
    public string? Dataset { get; init; }

    /// <summary>Version to start from; null: the active model of the task.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Passes over the data, 1 to 1000.</summary>
    public int? Epochs { get; init; }

    /// <summary>Pairs of clip and caption or question per step, 2 to 1024.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Peak learning rate, above 0 to 1.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Seed of shuffling and initialisation.</summary>
    public int? Seed { get; init; }

    /// <summary>Passes over the data without a better validation after which the run stops, 1 to 1000; null: it never stops early.</summary>
    public int? Patience { get; init; }

    /// <summary>Retrieval: the losses to learn from, one of <see cref="LossTerms"/>; null: both.</summary>
    public string? Losses { get; init; }

    /// <summary>Question answering: the types of questions to learn from and to measure on, such as <c>color</c> (at most 16); null: all.</summary>
    public IReadOnlyList<string>? QuestionTypes { get; init; }

    /// <summary>Whether to measure on the data set's split <c>val</c>, where it has one, and keep the best model; null: yes.</summary>
    public bool? Validate { get; init; }
}

/// <summary>Which losses a retrieval run learns from.</summary>
public static class LossTerms
{
    /// <summary>Whole videos against whole captions, and regions against words.</summary>
    public const string Both = "both";

    /// <summary>Whole videos against whole captions.</summary>
    public const string Global = "global";

    /// <summary>Regions against words.</summary>
    public const string Local = "local";
}

/// <summary>A training run as clients see it.</summary>
public sealed record TrainingRun
{
    /// <summary>The run's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>One of <see cref="RunState"/>.</summary>
    public required string State { get; init; }

    /// <summary>What a running run is at: one of <see cref="RunPhase"/>; null if it is not running.</summary>
    public string? Phase { get; init; }

    /// <summary><c>retrieval</c> or <c>question-answering</c>.</summary>
    public required string Task { get; init; }

    /// <summary>Data set by name.</summary>
    public required string Dataset { get; init; }

    /// <summary>Version it started from.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Passes over the data asked for.</summary>
    public required int Epochs { get; init; }

    /// <summary>Pairs of clip and caption or question per step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Seed of shuffling and initialisation.</summary>
    public required int Seed { get; init; }

    /// <summary>Passes without a better validation after which it stops; null: never.</summary>
    public int? Patience { get; init; }

    /// <summary>The losses it learns from: one of <see cref="Http.LossTerms"/>.</summary>
    public required string LossTerms { get; init; }

    /// <summary>Question answering: the types of questions it learns from; null: all.</summary>
    public IReadOnlyList<string>? QuestionTypes { get; init; }

    /// <summary>Whether it measures on the split <c>val</c>, where there is one.</summary>
    public required bool Validate { get; init; }

    /// <summary>How far the clips are prepared, while they are.</summary>
    public RunPreparation? Preparation { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Optimiser steps in all, once started.</summary>
    public int? TotalSteps { get; init; }

    /// <summary>Passes over the data begun.</summary>
    public int? Epoch { get; init; }

    /// <summary>Losses of the last step by name: <c>total</c>, <c>global</c>, <c>local</c>, and <c>choice</c> where clips come with near misses.</summary>
    public required IReadOnlyDictionary<string, double> Losses { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double? CurrentLearningRate { get; init; }

    /// <summary>Pairs per second of wall-clock time.</summary>
    public double? SamplesPerSecond { get; init; }

    /// <summary>Estimated seconds left, validations and the making of features included; before the first step by the run's estimate and the pace of the clips. Null while nobody can tell.</summary>
    public double? SecondsLeft { get; init; }

    /// <summary>The last validation: <c>r1</c>, <c>r5</c>, <c>r10</c>, <c>geometricMean</c> (percent), <c>medianRank</c> for retrieval, and <c>choice</c> (percent) where clips come with near misses; <c>accuracy</c> (0 to 1) and <c>loss</c> for question answering.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>The best validation: that of the model which is registered.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics { get; init; }

    /// <summary>The pass after which that was, from 1.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>What it learns from, once that is settled.</summary>
    public RunRecord? Record { get; init; }

    /// <summary>What it was expected to take, worked out when its clips were settled.</summary>
    public TrainingEstimate? Estimate { get; init; }

    /// <summary>Processor time of steps, validations and saving, in hours of one core, over all attempts: that of the whole process meanwhile.</summary>
    public required double CoreHours { get; init; }

    /// <summary>Wall-clock seconds of the same.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>The model it made, once completed.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>Why it failed.</summary>
    public VideoFailure? Failure { get; init; }

    /// <summary>When it was asked for, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When a worker first took it, UTC.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public DateTime? EndedAt { get; init; }
}

/// <summary>How far the preparation of a run's clips is.</summary>
/// <param name="Done">Clips whose features are there, or will never be.</param>
/// <param name="Total">Clips in all.</param>
public sealed record RunPreparation(int Done, int Total);

/// <summary>What a run learns from and with: enough to tell whether two runs are comparable.</summary>
public sealed record RunRecord
{
    /// <summary>SHA-256 over clips, captions, questions and region files of the split <c>train</c>.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The same of the split <c>val</c>; null: it is not used.</summary>
    public string? ValidationFingerprint { get; init; }

    /// <summary>Version of the code that took the run.</summary>
    public required string CodeVersion { get; init; }

    /// <summary>Device, precision and threads of the computation.</summary>
    public required string Compute { get; init; }

    /// <summary>What it steps by besides what was asked for; null: the run is older than this record of it.</summary>
    public OptimizerRecord? Optimizer { get; init; }

    /// <summary>Clips learnt from.</summary>
    public required int Clips { get; init; }

    /// <summary>Of retrieval the clips, of question answering the questions: one pass takes each once.</summary>
    public required int Samples { get; init; }

    /// <summary>Samples measured on; 0: there is no validation.</summary>
    public required int ValidationSamples { get; init; }

    /// <summary>Question answering: answers of the model that comes out; otherwise 0.</summary>
    public required int Answers { get; init; }

    /// <summary>Question answering: those of them that the base model did not have.</summary>
    public required int NewAnswers { get; init; }

    /// <summary>Clips and questions that could not be used, by reason: <c>no-regions</c>, <c>no-captions</c>, <c>no-questions</c>, <c>no-answer</c>.</summary>
    public required IReadOnlyDictionary<string, int> Unusable { get; init; }

    /// <summary>What else has to be known to compare it: that it was resumed with another number of threads, and so ends with other bits. Null: nothing.</summary>
    public IReadOnlyList<string>? Notes { get; init; }
}

/// <summary>The optimiser of a run, and what it computes with.</summary>
public sealed record OptimizerRecord
{
    /// <summary><c>adamw-torch</c>, torch's rule; <c>adamw-reference</c>, that of the published code.</summary>
    public required string Rule { get; init; }

    /// <summary>Shares of the old means of the gradients and of their squares that a step keeps.</summary>
    public required IReadOnlyList<double> Betas { get; init; }

    /// <summary>Added to the root of the mean square.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Decoupled from the gradients: times the learning rate, taken from every weight.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>Larger gradients are scaled to this norm.</summary>
    public required double MaxGradientNorm { get; init; }

    /// <summary><c>warmup-linear</c>: the learning rate rises linearly to its peak, then falls linearly to zero.</summary>
    public required string Schedule { get; init; }

    /// <summary>Steps of the rise.</summary>
    public required int WarmupSteps { get; init; }

    /// <summary><c>float32</c> or <c>bfloat16</c>: what the encoders' matrix products compute in.</summary>
    public required string Precision { get; init; }

    /// <summary>Threads on the CPU, when the run was first taken. Another number gives other bits.</summary>
    public required int Threads { get; init; }
}

/// <summary>What a run is expected to take.</summary>
public sealed record TrainingEstimate
{
    /// <summary>Samples of one pass: of retrieval clips, of question answering questions.</summary>
    public required int Samples { get; init; }

    /// <summary>Samples measured on at each validation.</summary>
    public required int ValidationSamples { get; init; }

    /// <summary>Samples of one step: as asked for, or all if there are fewer.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Optimiser steps of one pass.</summary>
    public required int StepsPerEpoch { get; init; }

    /// <summary>Optimiser steps in all.</summary>
    public required int Steps { get; init; }

    /// <summary>Memory of a step, weights, optimiser and the region features that are kept, in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Seconds of steps and validations; without the making of features that are not there yet.</summary>
    public required double Seconds { get; init; }

    /// <summary><c>earlier-runs</c>: from the speed of earlier runs of models of this size; <c>arithmetic</c>: from the speed of a matrix product on this machine, good to a factor of about three.</summary>
    public required string Basis { get; init; }

    /// <summary>Samples without features so far, which are counted above: they have to be made first, or are left out.</summary>
    public required int WithoutFeatures { get; init; }
}

/// <summary>States of long work.</summary>
public static class RunState
{
    /// <summary>Waits for a worker.</summary>
    public const string Queued = "queued";

    /// <summary>A worker is at it.</summary>
    public const string Running = "running";

    /// <summary>Ended well.</summary>
    public const string Completed = "completed";

    /// <summary>Ended badly; the failure says why.</summary>
    public const string Failed = "failed";

    /// <summary>Stopped on request.</summary>
    public const string Cancelled = "cancelled";
}

/// <summary>What a running run is at.</summary>
public static class RunPhase
{
    /// <summary>Settles the clips it will learn from; of a generated set their features are made first.</summary>
    public const string Preparing = "preparing";

    /// <summary>Waits for the captions or questions as word pieces.</summary>
    public const string Tokenizing = "tokenizing";

    /// <summary>Takes optimiser steps.</summary>
    public const string Training = "training";

    /// <summary>Measures on the split <c>val</c>.</summary>
    public const string Validating = "validating";

    /// <summary>Writes the model.</summary>
    public const string Saving = "saving";
}

