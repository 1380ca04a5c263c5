namespace DemoVlp.QueryAnswering.Data;

/// <summary>One activation of a model, and for retrieval the generation of the index that it makes.</summary>
public sealed class GenerationRow
{
    /// <summary>Never used twice.</summary>
    public int Id { get; init; }

    /// <summary><c>retrieval</c> or <c>question-answering</c>.</summary>
    public required string Task { get; init; }

    /// <summary>The activation that asked for it.</summary>
    public required Guid ActivationId { get; init; }

    /// <summary>When it was asked for; orders the activations of a task.</summary>
    public required DateTime ActivatedAt { get; init; }

    /// <summary>The model.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Key prefix of the model's directory.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>One of <see cref="GenerationState"/>. At most one generation of a task is active: a unique index sees to it.</summary>
    public string State { get; set; } = GenerationState.Building;

    /// <summary>Grows with every vector that comes or goes, so that a replica knows when its copy is stale.</summary>
    public long Changes { get; set; }

    /// <summary>Videos it had when it became active.</summary>
    public int Videos { get; set; }

    /// <summary>Why it failed: a stable code.</summary>
    public string? FailureCode { get; set; }

    /// <summary>Why it failed, in a sentence.</summary>
    public string? FailureDetail { get; set; }

    /// <summary>How often building it broke off for no fault of the model.</summary>
    public int Attempts { get; set; }

    /// <summary>The process that builds it.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>From then on another process may go on building.</summary>
    public DateTime? LeaseUntil { get; set; }

    /// <summary>When it stopped answering, or failed.</summary>
    public DateTime? EndedAt { get; set; }

    /// <summary>Whether its vectors have been removed.</summary>
    public bool Emptied { get; set; }
}

/// <summary>A generation's life.</summary>
public static class GenerationState
{
    /// <summary>Being filled.</summary>
    public const string Building = "building";

    /// <summary>Answers.</summary>
    public const string Active = "active";

    /// <summary>It answered, and another one does now.</summary>
    public const string Retired = "retired";

    /// <summary>Another one was asked for before this one was ready: it never answered.</summary>
    public const string Superseded = "superseded";

    /// <summary>Its model could not be used.</summary>
    public const string Failed = "failed";
}
