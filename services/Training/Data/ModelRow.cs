namespace DemoVlp.Training.Data;

/// <summary>A model in the registry. Its directory is complete before the row is there.</summary>
public sealed class ModelRow
{
    public required string Version { get; init; }
    public required string Task { get; init; }

    /// <summary><c>built-in</c>, <c>trained</c> or <c>imported</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>Key prefix of its directory in the artifact store.</summary>
    public required string Directory { get; init; }

    /// <summary>The run that made it.</summary>
    public Guid? RunId { get; init; }

    public required string Description { get; init; }
    public DateTime CreatedAt { get; init; }

    /// <summary>Whether the event about it is out.</summary>
    public bool Announced { get; set; }
}
