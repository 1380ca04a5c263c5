using System.Runtime.CompilerServices;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

public sealed partial class DemoVlpClient
{
    /// <summary>Finds videos by text: one page.</summary>
    public Task<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "search", request, ClientJson.Default.SearchRequest, ClientJson.Default.SearchResponse, cancellationToken);

    /// <summary>Finds videos by text: the first <paramref name="limit"/> hits.</summary>
    public Task<SearchResponse> SearchAsync(string query, int? limit = null, CancellationToken cancellationToken = default) =>
        SearchAsync(new SearchRequest { Query = query, Limit = limit }, cancellationToken);

    /// <summary>Finds videos by text: hit after hit, across pages.</summary>
    public async IAsyncEnumerable<SearchHit> SearchAllAsync(SearchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var cursor = request.Cursor;
        do
        {
            var page = await SearchAsync(request with { Cursor = cursor }, cancellationToken);
            foreach (var hit in page.Items) yield return hit;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Answers a question about one video.</summary>
    public Task<QuestionResponse> AskAsync(Guid videoId, string question, int? limit = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"videos/{videoId}/answers", new QuestionRequest(question, limit), ClientJson.Default.QuestionRequest, ClientJson.Default.QuestionResponse, cancellationToken);

    /// <summary>Scores options for one video (multiple choice).</summary>
    public Task<ChoiceResponse> ChooseAsync(Guid videoId, IReadOnlyList<string> options, string? question = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"videos/{videoId}/choices", new ChoiceRequest(options, question), ClientJson.Default.ChoiceRequest, ClientJson.Default.ChoiceResponse, cancellationToken);

    /// <summary>Answers a question over the library, each answer with its video and moment.</summary>
    /// <param name="question">The question.</param>
    /// <param name="videos">Only these videos; null: those that fit the question best.</param>
    /// <param name="limit">Answers wanted.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    public Task<LibraryQuestionResponse> AskLibraryAsync(string question, IReadOnlyList<Guid>? videos = null, int? limit = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "answers", new LibraryQuestionRequest(question, videos, limit), ClientJson.Default.LibraryQuestionRequest, ClientJson.Default.LibraryQuestionResponse, cancellationToken);
}
