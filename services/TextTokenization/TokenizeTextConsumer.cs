using DemoVlp.Contracts.Text;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.TextTokenization;

/// <summary>Answers <see cref="TokenizeText"/>: a few texts at a time, while somebody waits.</summary>
internal sealed class TokenizeTextConsumer(Vocabularies vocabularies) : IConsumer<TokenizeText>
{
    private const int MaximumTexts = 256;

    public async Task Consume(ConsumeContext<TokenizeText> context)
    {
        try
        {
            await context.RespondAsync(Tokenize(context.Message));
        }
        catch (TokenizationException refused)
        {
            await context.RespondAsync(new TokenizationRefused(refused.Code, refused.Message));
        }
    }

    private TextTokenized Tokenize(TokenizeText request)
    {
        LengthLimit.Check(request.MaxLength);
        if (request.Texts.Count > MaximumTexts)
            throw new TokenizationException(TokenizationException.TooManyTexts, $"At most {MaximumTexts} texts can be tokenised at once, not {request.Texts.Count}.");
        if (request.Texts.Any(text => text.Length > WordPieces.MaximumCharacters))
            throw new TokenizationException(TokenizationException.TextTooLong, $"A text is longer than {WordPieces.MaximumCharacters} characters.");
        var pieces = vocabularies.Get(request.ModelVersion, request.ModelDirectory);
        return new TextTokenized { Texts = [.. request.Texts.Select(text => pieces.Tokenize(text, request.MaxLength))] };
    }
}

internal sealed class TokenizeTextConsumerDefinition : ConsumerDefinition<TokenizeTextConsumer>
{
    public TokenizeTextConsumerDefinition() => EndpointName = QueueNames.TextTokenize;
}

/// <summary>What lengths may be asked for.</summary>
internal static class LengthLimit
{
    private const int Most = 8192;

    /// <exception cref="TokenizationException"><c>bad-length</c>.</exception>
    public static void Check(int maximumLength)
    {
        if (maximumLength is < 2 or > Most)
            throw new TokenizationException(TokenizationException.BadLength, $"The length must be between 2 and {Most} tokens, not {maximumLength}.");
    }
}
