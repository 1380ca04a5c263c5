namespace DemoVlp.Contracts.Models;

/// <summary>What a model is for.</summary>
public static class ModelTasks
{
    /// <summary>Text to video and back.</summary>
    public const string Retrieval = "retrieval";

    /// <summary>Open-ended answers from a closed list.</summary>
    public const string QuestionAnswering = "question-answering";
}

/// <summary>Event: a model is in the registry. Published by Training.</summary>
public sealed record ModelRegistered
{
    /// <summary>The model's version: unique, and the name of its directory.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>One of <see cref="ModelTasks"/>.</summary>
    public required string Task { get; init; }

    /// <summary>Key prefix of its directory (config.json, model.safetensors, vocab.txt, answers.txt) in the artifact store.</summary>
    public required string ModelDirectory { get; init; }
}

/// <summary>Event: from now on this model is to answer. QueryAnswering embeds every video into a new generation, then switches. Published by Training, and again until answered.</summary>
public sealed record ModelActivated
{
    /// <summary>The activation; an older one than the last seen for the same task is ignored.</summary>
    public required Guid ActivationId { get; init; }

    /// <summary>When it was asked for, UTC. Orders activations.</summary>
    public required DateTime ActivatedAt { get; init; }

    /// <summary>The model's version.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>One of <see cref="ModelTasks"/>.</summary>
    public required string Task { get; init; }

    /// <summary>Key prefix of its directory in the artifact store.</summary>
    public required string ModelDirectory { get; init; }
}

/// <summary>Event: how far the index is with a model that is to answer. Published by QueryAnswering about once a second; worth nothing later, and not repeated.</summary>
public sealed record IndexProgressed
{
    /// <summary>The activation that asked for it.</summary>
    public required Guid ActivationId { get; init; }

    /// <summary>Videos embedded so far.</summary>
    public required int Embedded { get; init; }

    /// <summary>Videos to be embedded.</summary>
    public required int Total { get; init; }
}

/// <summary>Event: the index answers from a new generation. Published by QueryAnswering.</summary>
public sealed record IndexRebuilt
{
    /// <summary>The activation that asked for it.</summary>
    public required Guid ActivationId { get; init; }

    /// <summary>The model that answers now.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>One of <see cref="ModelTasks"/>.</summary>
    public required string Task { get; init; }

    /// <summary>Videos in the new generation.</summary>
    public required int Videos { get; init; }
}

/// <summary>Event: an activation could not be carried out; the old model goes on answering. Published by QueryAnswering.</summary>
public sealed record IndexRebuildFailed
{
    /// <summary>The activation that asked for it.</summary>
    public required Guid ActivationId { get; init; }

    /// <summary>The model that was to answer.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Stable code.</summary>
    public required string Code { get; init; }

    /// <summary>One plain sentence.</summary>
    public required string Detail { get; init; }
}
