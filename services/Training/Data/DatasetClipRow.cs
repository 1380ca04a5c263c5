using DemoVlp.Contracts;

namespace DemoVlp.Training.Data;

/// <summary>A generated clip whose region features were asked for: what the services that make them have answered.</summary>
public sealed class DatasetClipRow
{
    public required string Dataset { get; init; }
    public required string Clip { get; init; }
    public required string Split { get; init; }

    /// <summary>Place within the split, from 0.</summary>
    public int Number { get; init; }

    /// <summary>What it is called on the bus.</summary>
    public Guid VideoId { get; init; }

    /// <summary>How often it was asked for without an answer.</summary>
    public int Asked { get; set; }

    public DateTime? AskedAt { get; set; }

    /// <summary>When to ask (again).</summary>
    public DateTime NextAskAt { get; set; }

    /// <summary>The region file; null: no answer yet, or it failed.</summary>
    public ArtifactRef? Regions { get; set; }

    /// <summary>Identity of the detector that made them; null: it was not remembered.</summary>
    public string? DetectorHash { get; set; }

    public string? FailureCode { get; set; }
    public string? FailureDetail { get; set; }
}
