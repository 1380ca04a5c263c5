namespace DemoVlp.Contracts.Training;

/// <summary>Command to Training: queue a run. The same <see cref="RunId"/> twice is one run.</summary>
public sealed record StartTraining
{
    /// <summary>Chosen by the sender.</summary>
    public required Guid RunId { get; init; }

    /// <summary><c>retrieval</c> or <c>question-answering</c>.</summary>
    public required string Task { get; init; }

    /// <summary>Data set by name; <c>library</c> is the uploaded videos that have captions.</summary>
    public required string Dataset { get; init; }

    /// <summary>Version to start from; null: the active model of the task.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Passes over the data; null: the default.</summary>
    public int? Epochs { get; init; }

    /// <summary>Pairs per step; null: the default.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Peak learning rate; null: the default.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Seed of shuffling and initialisation; null: the default.</summary>
    public int? Seed { get; init; }

    /// <summary>Passes over the data without a better validation after which the run stops; null: it never stops early.</summary>
    public int? Patience { get; init; }

    /// <summary>Retrieval: <c>both</c>, <c>global</c> or <c>local</c>; null: both.</summary>
    public string? Losses { get; init; }

    /// <summary>Question answering: the types of questions to learn from and to measure on, such as <c>color</c> (at most 16); null: all.</summary>
    public IReadOnlyList<string>? QuestionTypes { get; init; }

    /// <summary>Whether to measure on the split <c>val</c>, where there is one; null: yes.</summary>
    public bool? Validate { get; init; }
}

/// <summary>Command to Training: stop a run, keeping its last checkpoint.</summary>
/// <param name="RunId">The run.</param>
public sealed record CancelTraining(Guid RunId);

/// <summary>Event: a worker has taken a run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="TotalSteps">Optimiser steps it will take.</param>
public sealed record TrainingStarted(Guid RunId, int TotalSteps);

/// <summary>Event: how a run is doing.</summary>
public sealed record TrainingProgressed
{
    /// <summary>The run.</summary>
    public required Guid RunId { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Optimiser steps in all.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Passes over the data begun, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Loss of the last step.</summary>
    public required double Loss { get; init; }

    /// <summary>Pairs per second of wall-clock time.</summary>
    public required double SamplesPerSecond { get; init; }
}

/// <summary>Event: a run ended well.</summary>
/// <param name="RunId">The run.</param>
/// <param name="ModelVersion">The model it made.</param>
public sealed record TrainingCompleted(Guid RunId, string ModelVersion);

/// <summary>Event: a run ended badly.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Detail">One plain sentence.</param>
public sealed record TrainingFailed(Guid RunId, string Code, string Detail);

/// <summary>Event: a run was stopped on request.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Step">Optimiser steps done.</param>
public sealed record TrainingCancelled(Guid RunId, int Step);
