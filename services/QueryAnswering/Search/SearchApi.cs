using DemoVlp.Contracts.Http;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DemoVlp.QueryAnswering.Search;

/// <summary><c>POST /search</c>.</summary>
internal static class SearchApi
{
    private const int LimitByDefault = 10, MostHits = 100;

    public static void MapSearchApi(this IEndpointRouteBuilder api) => api.MapPost("/search", SearchAsync)
        .WithName("SearchVideos").WithSummary("Finds videos by text").WithTags("Queries")
        .WithDescription("Best first: cosine of the global embeddings plus region-word alignment. Each hit says where in the video each word was found. "
            + "Pages of one search come from one model; if the index is rebuilt in between, the next page is 409 generation-gone.")
        .ProducesProblem(400).ProducesProblem(409).ProducesProblem(503);

    private static async Task<Ok<SearchResponse>> SearchAsync(SearchRequest request, VideoSearch search, QueryDbContext database, CancellationToken cancellationToken)
    {
        var query = TextLimits.Check(request.Query, "query");
        var limit = Cursor.Limit(request.Limit, LimitByDefault, MostHits);
        var generation = await search.ActiveAsync(cancellationToken);
        var after = SearchCursor.Read(request.Cursor, generation, query, request.Filter);
        var only = await database.ApplyAsync(request.Filter, cancellationToken);

        var ranking = await search.RankAsync(generation, query, only, cancellationToken);
        var left = after is null ? ranking.Videos : [.. ranking.Videos.Where(after.Precedes)];
        var page = left.Take(limit).ToList();
        var words = await search.FindWordsAsync(generation, ranking, page, cancellationToken);
        return TypedResults.Ok(new SearchResponse
        {
            Query = request.Query!,
            ModelVersion = generation.ModelVersion,
            Truncated = ranking.Tokens.Truncated,
            Items = [.. page.Zip(words, ToHit)],
            NextCursor = left.Count > page.Count ? Cursor.Encode(SearchCursor.Behind(page[^1], generation, query, request.Filter)) : null,
        });
    }

    private static SearchHit ToHit(RankedVideo video, WordsFound words) => new()
    {
        VideoId = video.Id, Title = video.Title, Score = video.Score, GlobalScore = video.Global, LocalScore = video.Local, Moment = words.Moment, Evidence = words.Evidence,
    };
}
