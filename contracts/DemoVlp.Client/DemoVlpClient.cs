using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

/// <summary>
/// Every call of DemoVLP's HTTP interface. Thread-safe; make one and keep it.
/// Any call may throw <see cref="DemoVlpException"/> (an error answer) or <see cref="HttpRequestException"/> (no answer).
/// </summary>
/// <remarks>
/// The <see cref="HttpClient"/> given must have a base address, an <c>X-Api-Key</c> header where one is needed, and a time limit
/// that allows for long uploads and event streams; <see cref="Create"/> makes one like that.
/// </remarks>
public sealed partial class DemoVlpClient(HttpClient http) : IDisposable
{
    private const string Root = "api/v1/";

    /// <summary>Makes a client with an <see cref="HttpClient"/> of its own.</summary>
    public static DemoVlpClient Create(DemoVlpClientOptions options)
    {
        // A base address without the slash would lose its last segment.
        var address = options.BaseAddress.AbsoluteUri.EndsWith('/') ? options.BaseAddress : new Uri(options.BaseAddress.AbsoluteUri + "/");
        var http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        if (options.ApiKey is { Length: > 0 } key) http.DefaultRequestHeaders.TryAddWithoutValidation("X-Api-Key", key);
        return new DemoVlpClient(http);
    }

    /// <summary>Disposes the <see cref="HttpClient"/>.</summary>
    public void Dispose() => http.Dispose();

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, Root + path), HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(response, type, cancellationToken);
    }

    private async Task<TAnswer> SendAsync<TBody, TAnswer>(
        HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, Root + path) { Content = JsonContent.Create(body, bodyType) };
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(response, answerType, cancellationToken);
    }

    private async Task<T> PostAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Post, Root + path), HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(response, type, cancellationToken);
    }

    /// <summary>Walks a list from page to page, asking for the next page when the items of one are used up.</summary>
    private async IAsyncEnumerable<T> ListAsync<T>(string path, JsonTypeInfo<Page<T>> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await GetAsync(cursor is null ? path : With(path, "cursor", cursor), type, cancellationToken);
            foreach (var item in page.Items) yield return item;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    private async IAsyncEnumerable<T> WatchAsync<T>(string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Root + path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var events = SseParser.Create(stream, (_, data) => data.IsEmpty ? default : JsonSerializer.Deserialize(data, type));
        await foreach (var item in events.EnumerateAsync(cancellationToken))
            if (item.Data is { } data) yield return data;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        using (request)
        {
            var response = await http.SendAsync(request, completion, cancellationToken);
            if (response.IsSuccessStatusCode) return response;
            using (response) throw await ErrorAsync(response, cancellationToken);
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new DemoVlpException(response.StatusCode, "unexpected-answer", "The answer is not what a DemoVLP gives; is the address right?", TraceOf(response));
        }
    }

    private static async Task<DemoVlpException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var problem = await ProblemAsync(response, cancellationToken);
        return new DemoVlpException(
            response.StatusCode,
            problem?.Code ?? $"http-{(int)response.StatusCode}",
            problem?.Detail ?? problem?.Title ?? $"The answer was {(int)response.StatusCode} {response.ReasonPhrase}.",
            problem?.TraceId ?? TraceOf(response))
        {
            RetryAfter = response.Headers.RetryAfter?.Delta,
        };
    }

    private static async Task<ProblemDocument?> ProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json") return null;
        try
        {
            return await response.Content.ReadFromJsonAsync(ClientJson.Default.ProblemDocument, cancellationToken);
        }
        catch (JsonException)
        {
            return null; // The status alone has to do.
        }
    }

    private static string? TraceOf(HttpResponseMessage response) => response.Headers.TryGetValues("X-Trace-Id", out var values) ? values.First() : null;

    private static string With(string path, string name, string? value) =>
        value is null ? path : $"{path}{(path.Contains('?') ? '&' : '?')}{name}={Uri.EscapeDataString(value)}";
}
