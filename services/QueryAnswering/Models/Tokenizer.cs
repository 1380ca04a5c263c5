using DemoVlp.Contracts.Text;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.ServiceDefaults;
using MassTransit;

namespace DemoVlp.QueryAnswering.Models;

/// <summary>Asks TextTokenization for the word pieces of texts, as the model of a generation reads them.</summary>
internal sealed class Tokenizer(IRequestClient<TokenizeText> client)
{
    /// <summary>How long an answer may take; it takes milliseconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>One answer per text.</summary>
    /// <exception cref="ApiException">503 <c>tokenizer-unavailable</c>.</exception>
    public async Task<IReadOnlyList<TokenizedText>> TokenizeAsync(GenerationRow generation, int maximumLength, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var request = new TokenizeText { ModelVersion = generation.ModelVersion, ModelDirectory = generation.ModelDirectory, Texts = texts, MaxLength = maximumLength };
        // Sending waits for as long as the broker is away, and the request's own time does not run then.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var response = await client.GetResponse<TextTokenized, TokenizationRefused>(request, patience.Token, Patience);
            if (response.Is(out Response<TextTokenized>? tokenized) && tokenized.Message.Texts.Count == texts.Count) return tokenized.Message.Texts;
            throw Unavailable(response.Is(out Response<TokenizationRefused>? refused) ? $"The text cannot be read for the model: {refused.Message.Detail}" : "The text service gave no usable answer.");
        }
        catch (Exception e) when (e is RequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw Unavailable("The text service does not answer; try again in a moment.");
        }
    }

    private static ApiException Unavailable(string detail) => new(503, "tokenizer-unavailable", detail);
}
