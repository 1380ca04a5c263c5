using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Text;

namespace DemoVlp.Training.Data;

/// <summary>An evaluation. Written by conditional updates alone, each of which raises <see cref="Version"/>.</summary>
public sealed class EvaluationRow
{
    public Guid Id { get; init; }

    /// <summary>One of <see cref="RunState"/>.</summary>
    public required string State { get; set; }

    public required string Model { get; init; }
    public required string Dataset { get; init; }
    public required string Split { get; init; }

    /// <summary>One of <see cref="EvaluationTask"/>.</summary>
    public required string Task { get; init; }

    public string? Phase { get; set; }
    public int? Done { get; set; }
    public int? Total { get; set; }
    public int? Samples { get; set; }
    public int? Missing { get; set; }

    /// <summary>Of what the split held when it was measured.</summary>
    public string? DatasetFingerprint { get; set; }

    public EvaluationMetrics? Metrics { get; set; }

    /// <summary>The number that models are compared by, in percent: text-to-video R@1, or the accuracy.</summary>
    public double? MainMetric { get; set; }

    public string? FailureCode { get; set; }
    public string? FailureDetail { get; set; }
    public bool CancelRequested { get; set; }

    /// <summary>The worker that holds it; null: nobody.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>From then on anybody may take it, and begins anew.</summary>
    public DateTime? LeaseUntil { get; set; }

    /// <summary>How often it was taken.</summary>
    public int Attempts { get; set; }

    /// <summary>TextTokenization's answer about its texts.</summary>
    public CorpusTokenized? Corpus { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; set; }
    public DateTime? EndedAt { get; set; }
    public long Version { get; set; }
}
