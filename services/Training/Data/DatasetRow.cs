using DemoVlp.Contracts.Http;

namespace DemoVlp.Training.Data;

/// <summary>A data set that somebody made: generated clips, or benchmark files. The library has no row.</summary>
public sealed class DatasetRow
{
    public required string Name { get; init; }
    public required string Format { get; init; }

    /// <summary>Canonical JSON: the same wishes give the same text.</summary>
    public required string Options { get; init; }

    /// <summary>Names of its splits, training first.</summary>
    public required List<string> Splits { get; init; }

    /// <summary>What each split holds; null: not counted yet.</summary>
    public List<DatasetSplit>? Counts { get; set; }

    public Dictionary<string, int> Unusable { get; set; } = [];
    public List<UnusableClip> FirstUnusable { get; set; } = [];

    /// <summary>Why it could not be counted.</summary>
    public string? FailureCode { get; set; }
    public string? FailureDetail { get; set; }

    public DateTime CreatedAt { get; init; }

    /// <summary>From then on it is in no answer; the row goes when its files are gone.</summary>
    public DateTime? DeletedAt { get; set; }
}
