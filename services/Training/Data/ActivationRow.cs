namespace DemoVlp.Training.Data;

/// <summary>The wish that a model answers, and what became of it.</summary>
public sealed class ActivationRow
{
    public Guid Id { get; init; }
    public required string ModelVersion { get; init; }
    public required string Task { get; init; }

    /// <summary>One of <see cref="ActivationState"/>.</summary>
    public required string State { get; set; }

    /// <summary>Orders the activations of a task; unique within it.</summary>
    public DateTime ActivatedAt { get; init; }

    /// <summary>How often it was published without an answer.</summary>
    public int Published { get; set; }

    /// <summary>When to publish it (again).</summary>
    public DateTime NextPublishAt { get; set; }

    public DateTime? AnsweredAt { get; set; }

    /// <summary>Videos embedded so far, of <see cref="VideosTotal"/>.</summary>
    public int? VideosEmbedded { get; set; }

    public int? VideosTotal { get; set; }

    /// <summary>What the gate said when it was asked for.</summary>
    public string? Gate { get; init; }

    public string? FailureCode { get; set; }
    public string? FailureDetail { get; set; }
}

/// <summary>States of an activation.</summary>
public static class ActivationState
{
    /// <summary>The index is being rebuilt, or is about to be.</summary>
    public const string Pending = "pending";

    /// <summary>The model answers.</summary>
    public const string Active = "active";

    /// <summary>The index could not be rebuilt.</summary>
    public const string Failed = "failed";

    /// <summary>A later activation of the same task took its place.</summary>
    public const string Replaced = "replaced";
}
