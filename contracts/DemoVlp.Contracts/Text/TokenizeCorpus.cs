namespace DemoVlp.Contracts.Text;

/// <summary>Command to TextTokenization: tokenise a data set's texts once, into an artifact. Answered by the event <see cref="CorpusTokenized"/>.</summary>
public sealed record TokenizeCorpus
{
    /// <summary>Chosen by the sender; comes back in the answer.</summary>
    public required Guid CorpusId { get; init; }

    /// <summary>The model whose vocabulary counts.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Key prefix of the model's directory in the artifact store.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>UTF-8 text, one text a line.</summary>
    public required ArtifactRef Texts { get; init; }

    /// <summary>The longest text in tokens, [CLS] and [SEP] included.</summary>
    public required int MaxLength { get; init; }
}

/// <summary>Event: a corpus is tokenised, or could not be.</summary>
public sealed record CorpusTokenized
{
    /// <summary>As in <see cref="TokenizeCorpus"/>.</summary>
    public required Guid CorpusId { get; init; }

    /// <summary>Safetensors with <c>ids</c> [total] int32 and <c>offsets</c> [texts + 1] int64; null if it failed.</summary>
    public ArtifactRef? Tokens { get; init; }

    /// <summary>How many texts lost word pieces to the length limit.</summary>
    public int TruncatedTexts { get; init; }

    /// <summary>Why it failed: a stable code; null if it did not.</summary>
    public string? FailureCode { get; init; }

    /// <summary>Why it failed: one plain sentence.</summary>
    public string? FailureDetail { get; init; }
}
