namespace DemoVlp.TextTokenization;

/// <summary>A request that cannot be fulfilled, however often it is tried.</summary>
/// <param name="code">Stable code.</param>
/// <param name="detail">One plain sentence.</param>
internal sealed class TokenizationException(string code, string detail) : Exception(detail)
{
    public const string ModelNotFound = "model-not-found", BadVocabulary = "bad-vocabulary", TooManyTexts = "too-many-texts", TextTooLong = "text-too-long",
        BadLength = "bad-length", BadCorpus = "bad-corpus";

    public string Code => code;
}
