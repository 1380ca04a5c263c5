namespace DemoVlp.Contracts.Http;

/// <summary>What an evaluation measures.</summary>
public static class EvaluationTask
{
    /// <summary>Captions looking for their clip, and clips for their caption; by a retrieval model.</summary>
    public const string Retrieval = "retrieval";

    /// <summary>Open-ended answers; by a question-answering model.</summary>
    public const string QuestionAnswering = "question-answering";

    /// <summary>The right one of several sentences; by a retrieval model.</summary>
    public const string MultipleChoice = "multiple-choice";
}

/// <summary>Body of <c>POST /evaluations</c>.</summary>
public sealed record EvaluationRequest
{
    /// <summary>Version of the model; null: the one that answers the task now.</summary>
    public string? Model { get; init; }

    /// <summary>Data set by name.</summary>
    public string? Dataset { get; init; }

    /// <summary>One of its splits; null: <c>test</c> if it has one, else <c>val</c>, else its first.</summary>
    public string? Split { get; init; }

    /// <summary>One of <see cref="EvaluationTask"/>; null: what the model was made for.</summary>
    public string? Task { get; init; }
}

/// <summary>A measurement of a model on a split of a data set.</summary>
public sealed record Evaluation
{
    /// <summary>The evaluation's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>One of <see cref="RunState"/>.</summary>
    public required string State { get; init; }

    /// <summary>Version of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Data set by name.</summary>
    public required string Dataset { get; init; }

    /// <summary>Split of it.</summary>
    public required string Split { get; init; }

    /// <summary>One of <see cref="EvaluationTask"/>.</summary>
    public required string Task { get; init; }

    /// <summary>What was measured on: captioned clips, questions, or choices. Known once their clips are listed.</summary>
    public int? Samples { get; init; }

    /// <summary>Clips among them that have no region features; if there are any the evaluation fails with <c>feature-missing</c>.</summary>
    public int? Missing { get; init; }

    /// <summary>SHA-256 of what the split held: clips, texts, answers and where the features are. The same fingerprint is the same measurement.</summary>
    public string? DatasetFingerprint { get; init; }

    /// <summary>What it is at while it runs: <c>preparing</c>, <c>tokenizing</c>, <c>scoring</c>.</summary>
    public string? Phase { get; init; }

    /// <summary>Share of the phase done, 0 to 1; null if nobody can tell.</summary>
    public double? Progress { get; init; }

    /// <summary>The result, once completed.</summary>
    public EvaluationMetrics? Metrics { get; init; }

    /// <summary>Why it failed.</summary>
    public VideoFailure? Failure { get; init; }

    /// <summary>When it was asked for, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When a worker first took it, UTC.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public DateTime? EndedAt { get; init; }
}

/// <summary>What was measured; of each task its own members.</summary>
public sealed record EvaluationMetrics
{
    /// <summary>Retrieval: captions looking for their clip. Ties count by the mean of their ranks.</summary>
    public RankMetrics? TextToVideo { get; init; }

    /// <summary>Retrieval: clips looking for their caption, likewise.</summary>
    public RankMetrics? VideoToText { get; init; }

    /// <summary>Retrieval: the same with ties in the model's favour and against it; without ties all are equal.</summary>
    public TieMetrics? Ties { get; init; }

    /// <summary>Question answering and multiple choice: share of right answers, 0 to 1.</summary>
    public double? Accuracy { get; init; }

    /// <summary>95 % interval of the accuracy (bootstrap over the questions).</summary>
    public IReadOnlyList<double>? AccuracyInterval95 { get; init; }

    /// <summary>Question answering: accuracy of each kind of question.</summary>
    public IReadOnlyDictionary<string, double>? ByType { get; init; }

    /// <summary>Question answering: how many questions of each kind there were.</summary>
    public IReadOnlyDictionary<string, int>? CountByType { get; init; }

    /// <summary>What the published code would have printed, for comparison with its numbers.</summary>
    public ReferenceMetrics? ReferenceCompatible { get; init; }
}

/// <summary>How far up the right partners stand.</summary>
/// <param name="R1">Percentage of queries whose partner comes first.</param>
/// <param name="R5">... among the first 5.</param>
/// <param name="R10">... among the first 10.</param>
/// <param name="R50">... among the first 50.</param>
/// <param name="MedianRank">Median rank, from 1.</param>
/// <param name="MeanRank">Mean rank, from 1.</param>
/// <param name="GeometricMean">Of R1, R5 and R10.</param>
/// <param name="R1Interval95">95 % interval of R1 (bootstrap over the queries); null where it is not computed.</param>
public sealed record RankMetrics(
    double R1, double R5, double R10, double R50, double MedianRank, double MeanRank, double GeometricMean, IReadOnlyList<double>? R1Interval95 = null);

/// <summary>Both directions of retrieval under one rule for ties.</summary>
public sealed record DirectionMetrics(RankMetrics TextToVideo, RankMetrics VideoToText);

/// <summary>Retrieval under the other rules for ties.</summary>
/// <param name="Optimistic">Ties in the model's favour.</param>
/// <param name="Pessimistic">Ties against the model.</param>
public sealed record TieMetrics(DirectionMetrics Optimistic, DirectionMetrics Pessimistic);

/// <summary>What the published code would have printed.</summary>
public sealed record ReferenceMetrics
{
    /// <summary>Retrieval, by its sum of scores and its rule for ties.</summary>
    public RankMetrics? TextToVideo { get; init; }

    /// <summary>Retrieval, likewise.</summary>
    public RankMetrics? VideoToText { get; init; }

    /// <summary>Multiple choice, by its sum of scores.</summary>
    public double? Accuracy { get; init; }
}
