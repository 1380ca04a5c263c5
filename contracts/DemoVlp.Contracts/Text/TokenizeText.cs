namespace DemoVlp.Contracts.Text;

/// <summary>Request to TextTokenization: word pieces of a few texts. Answered by <see cref="TextTokenized"/> or <see cref="TokenizationRefused"/>.</summary>
public sealed record TokenizeText
{
    /// <summary>The model whose vocabulary counts: the <c>vocab.txt</c> beside its weights.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Key prefix of the model's directory in the artifact store.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>The texts; each is tokenised on its own.</summary>
    public required IReadOnlyList<string> Texts { get; init; }

    /// <summary>The longest answer per text in tokens, [CLS] and [SEP] included.</summary>
    public required int MaxLength { get; init; }
}

/// <summary>Answer to <see cref="TokenizeText"/>.</summary>
public sealed record TextTokenized
{
    /// <summary>One per text, in the order asked.</summary>
    public required IReadOnlyList<TokenizedText> Texts { get; init; }
}

/// <summary>A text as word pieces.</summary>
/// <param name="Ids">Vocabulary ids, [CLS] first and [SEP] last, no padding.</param>
/// <param name="Tokens">The pieces behind the ids, for display (<c>##</c> marks a continuation).</param>
/// <param name="Truncated">Whether word pieces were dropped to keep within the length asked.</param>
public sealed record TokenizedText(IReadOnlyList<int> Ids, IReadOnlyList<string> Tokens, bool Truncated);

/// <summary>Answer to <see cref="TokenizeText"/> that cannot be fulfilled.</summary>
/// <param name="Code">Stable: <c>model-not-found</c>, <c>bad-vocabulary</c>, <c>too-many-texts</c>, <c>text-too-long</c> or <c>bad-length</c>.</param>
/// <param name="Detail">One plain sentence.</param>
public sealed record TokenizationRefused(string Code, string Detail);
