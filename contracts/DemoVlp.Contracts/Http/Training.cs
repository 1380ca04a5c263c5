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

    /// <summary>Pairs per step, 2 to 1024.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Peak learning rate, above 0 to 1.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Seed of shuffling and initialisation.</summary>
    public int? Seed { get; init; }
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

    /// <summary>Pairs per step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Seed of shuffling and initialisation.</summary>
    public required int Seed { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Optimiser steps in all, once started.</summary>
    public int? TotalSteps { get; init; }

    /// <summary>Passes over the data begun.</summary>
    public int? Epoch { get; init; }

    /// <summary>Losses of the last step by name: <c>total</c>, <c>global</c>, <c>local</c>.</summary>
    public required IReadOnlyDictionary<string, double> Losses { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double? CurrentLearningRate { get; init; }

    /// <summary>Pairs per second of wall-clock time.</summary>
    public double? SamplesPerSecond { get; init; }

    /// <summary>Estimated seconds left.</summary>
    public double? SecondsLeft { get; init; }

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
    /// <summary>Lists the clips it will learn from.</summary>
    public const string Preparing = "preparing";

    /// <summary>Waits for the captions as word pieces.</summary>
    public const string Tokenizing = "tokenizing";

    /// <summary>Takes optimiser steps.</summary>
    public const string Training = "training";

    /// <summary>Writes the model.</summary>
    public const string Saving = "saving";
}

/// <summary>A model in the registry.</summary>
public sealed record Model
{
    /// <summary>Unique name.</summary>
    public required string Version { get; init; }

    /// <summary><c>retrieval</c> or <c>question-answering</c>.</summary>
    public required string Task { get; init; }

    /// <summary><c>built-in</c>, <c>trained</c> or <c>imported</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>The run that made it, if one did.</summary>
    public Guid? RunId { get; init; }

    /// <summary>Whether it answers now.</summary>
    public required bool Active { get; init; }

    /// <summary>State of its latest activation: <c>activating</c>, <c>active</c>, <c>failed</c>; null if never activated.</summary>
    public string? Activation { get; init; }

    /// <summary>What it is and is not, in a sentence or two.</summary>
    public required string Description { get; init; }

    /// <summary>When it was registered, UTC.</summary>
    public required DateTime CreatedAt { get; init; }
}
