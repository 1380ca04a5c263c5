using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Text;

namespace DemoVlp.Training.Data;

/// <summary>A training run. Written by conditional updates alone, each of which raises <see cref="Version"/>.</summary>
public sealed class RunRow
{
    public Guid Id { get; init; }

    /// <summary>One of <see cref="RunState"/>.</summary>
    public required string State { get; set; }

    /// <summary>What a running run is at: one of <see cref="RunPhase"/>.</summary>
    public string? Phase { get; set; }

    public required string Task { get; init; }
    public required string Dataset { get; init; }

    /// <summary>Version it starts from, settled when it was asked for.</summary>
    public string? BaseModel { get; init; }

    public int Epochs { get; init; }
    public int BatchSize { get; init; }
    public double LearningRate { get; init; }
    public int Seed { get; init; }
    public int? Patience { get; init; }

    /// <summary>One of <see cref="Contracts.Http.LossTerms"/>.</summary>
    public string LossTerms { get; init; } = Contracts.Http.LossTerms.Both;

    /// <summary>Types of the questions to learn from; null: all.</summary>
    public List<string>? QuestionTypes { get; init; }

    /// <summary>Whether it is not to measure on the split <c>val</c>.</summary>
    public bool SkipsValidation { get; init; }

    public int Step { get; set; }
    public int? TotalSteps { get; set; }
    public int? Epoch { get; set; }
    public Dictionary<string, double> Losses { get; set; } = [];
    public double? CurrentLearningRate { get; set; }
    public double? SamplesPerSecond { get; set; }
    public double? SecondsLeft { get; set; }
    public RunPreparation? Preparation { get; set; }

    /// <summary>The last validation.</summary>
    public Dictionary<string, double>? Metrics { get; set; }

    /// <summary>The best one, and the pass after which it was.</summary>
    public Dictionary<string, double>? BestMetrics { get; set; }

    public int? BestEpoch { get; set; }

    /// <summary>Processor and wall-clock time of the fit, over all attempts.</summary>
    public double CpuSeconds { get; set; }

    public double WallSeconds { get; set; }

    /// <summary>What it learns from, written when it is first taken.</summary>
    public RunRecord? Record { get; set; }

    public TrainingEstimate? Estimate { get; set; }

    /// <summary>Floating-point operations of a step by <see cref="Fitting.Work"/>, and the model's parameters: what the speed of a run is compared by.</summary>
    public double? StepWork { get; set; }

    public long? ModelParameters { get; set; }

    public string? ModelVersion { get; set; }
    public string? FailureCode { get; set; }
    public string? FailureDetail { get; set; }
    public bool CancelRequested { get; set; }

    /// <summary>The worker that holds it; null: nobody.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>From then on anybody may take it.</summary>
    public DateTime? LeaseUntil { get; set; }

    /// <summary>How often it was taken since it last got as far as a checkpoint.</summary>
    public int Attempts { get; set; }

    /// <summary>TextTokenization's answer about its captions.</summary>
    public CorpusTokenized? Corpus { get; set; }

    /// <summary>Whether the event about its end is out.</summary>
    public bool Announced { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; set; }
    public DateTime? EndedAt { get; set; }
    public long Version { get; set; }
}
