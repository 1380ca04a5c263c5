using System.Globalization;
using System.Text;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Text;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.TextTokenization;

/// <summary>Tokenises a data set's texts into one artifact; done once, however often it is asked for.</summary>
internal sealed class TokenizeCorpusConsumer(Vocabularies vocabularies, IArtifactStore artifacts) : IConsumer<TokenizeCorpus>
{
    private const string MediaType = "application/x-safetensors", TruncatedTexts = "truncated_texts";

    public async Task Consume(ConsumeContext<TokenizeCorpus> context)
    {
        var request = context.Message;
        try
        {
            var (tokens, truncated) = await FindAsync(request, context.CancellationToken) ?? await MakeAsync(request, context.CancellationToken);
            await context.Publish(new CorpusTokenized { CorpusId = request.CorpusId, Tokens = tokens, TruncatedTexts = truncated });
        }
        catch (TokenizationException refused)
        {
            await context.Publish(new CorpusTokenized { CorpusId = request.CorpusId, FailureCode = refused.Code, FailureDetail = refused.Message });
        }
    }

    private static string KeyOf(TokenizeCorpus request) => $"corpora/{request.CorpusId:n}/tokens.safetensors";

    private static Dictionary<string, string> Origin(TokenizeCorpus request) => new()
    {
        ["model_version"] = request.ModelVersion,
        ["texts_sha256"] = request.Texts.Sha256,
        ["max_length"] = request.MaxLength.ToString(CultureInfo.InvariantCulture),
    };

    private async Task<(ArtifactRef Tokens, int Truncated)?> FindAsync(TokenizeCorpus request, CancellationToken cancellationToken)
    {
        if (await artifacts.FindAsync(KeyOf(request), MediaType, cancellationToken) is not { } found) return null;
        await using var stream = artifacts.OpenRead(found);
        var metadata = await CorpusFile.ReadMetadataAsync(stream, cancellationToken);
        if (metadata is null || Origin(request).Any(wanted => metadata.GetValueOrDefault(wanted.Key) != wanted.Value)) return null;
        return int.TryParse(metadata.GetValueOrDefault(TruncatedTexts), CultureInfo.InvariantCulture, out var truncated) ? (found, truncated) : null;
    }

    private async Task<(ArtifactRef Tokens, int Truncated)> MakeAsync(TokenizeCorpus request, CancellationToken cancellationToken)
    {
        LengthLimit.Check(request.MaxLength);
        var pieces = vocabularies.Get(request.ModelVersion, request.ModelDirectory);
        await using var file = new CorpusFile();
        int truncated = 0, line = 0;
        try
        {
            using var reader = new StreamReader(artifacts.OpenRead(request.Texts), new UTF8Encoding(false, throwOnInvalidBytes: true));
            while (await reader.ReadLineAsync(cancellationToken) is { } text)
            {
                line++;
                if (text.Length > WordPieces.MaximumCharacters)
                    throw new TokenizationException(TokenizationException.TextTooLong, $"Line {line} of the corpus is longer than {WordPieces.MaximumCharacters} characters.");
                var tokenized = pieces.Tokenize(text, request.MaxLength);
                if (tokenized.Truncated) truncated++;
                await file.AddAsync(tokenized.Ids, cancellationToken);
            }
        }
        catch (Exception e) when (e is ArtifactMissingException or ArtifactCorruptException or ArgumentException)
        {
            // A decoder's complaint about bytes that are not UTF-8 is an ArgumentException too.
            throw new TokenizationException(TokenizationException.BadCorpus, "The corpus is not in the store as announced, or is not UTF-8 text.");
        }
        var metadata = Origin(request);
        metadata[TruncatedTexts] = truncated.ToString(CultureInfo.InvariantCulture);
        return (await artifacts.WriteAsync(KeyOf(request), MediaType, (stream, token) => file.WriteAsync(stream, metadata, token), cancellationToken), truncated);
    }
}

internal sealed class TokenizeCorpusConsumerDefinition : ConsumerDefinition<TokenizeCorpusConsumer>
{
    public TokenizeCorpusConsumerDefinition()
    {
        EndpointName = QueueNames.TextTokenizeCorpus;
        ConcurrentMessageLimit = 1;
    }

    protected override void ConfigureConsumer(IReceiveEndpointConfigurator endpoint, IConsumerConfigurator<TokenizeCorpusConsumer> consumer, IRegistrationContext context) =>
        endpoint.PrefetchCount = 1;
}
