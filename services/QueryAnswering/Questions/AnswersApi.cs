using DemoVlp.Contracts.Http;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Search;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Questions;

/// <summary><c>POST /videos/{id}/answers</c> and <c>POST /answers</c>.</summary>
internal static class AnswersApi
{
    private const int LimitByDefault = 5, MostAnswers = 20, EvidenceShown = 10, VideosAsked = 8, MostVideos = 20;

    public static void MapAnswersApi(this IEndpointRouteBuilder api)
    {
        api.MapPost("/videos/{id:guid}/answers", AnswerAsync)
            .WithName("AnswerQuestion").WithSummary("Answers a question about one video").WithTags("Queries")
            .WithDescription("Answers come from the closed list of the active question-answering model, with the regions they lean on.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        api.MapPost("/answers", AnswerOverLibraryAsync)
            .WithName("AnswerOverLibrary").WithSummary("Answers a question over the library").WithTags("Queries")
            .WithDescription($"Asks the videos named, at most {MostVideos}, or else the {VideosAsked} that fit the question best.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
    }

    private static async Task<Ok<QuestionResponse>> AnswerAsync(Guid id, QuestionRequest request, QuestionAnswering questions, CancellationToken cancellationToken)
    {
        var question = TextLimits.Check(request.Question, "question");
        var limit = Cursor.Limit(request.Limit, LimitByDefault, MostAnswers);
        var video = await questions.FindVideoAsync(id, cancellationToken);
        var generation = await questions.ActiveAsync(cancellationToken);
        var asked = await questions.AskAsync(generation, [video], question, limit, cancellationToken);
        if (asked.Replies is not [var reply]) throw new ApiException(404, "video-not-found", $"There is no video {id}.");
        return TypedResults.Ok(new QuestionResponse
        {
            Question = request.Question!,
            ModelVersion = generation.ModelVersion,
            Truncated = asked.Tokens.Truncated,
            Answers = [.. reply.Answers.Select(a => new Answer(a.Answer, Math.Round(a.Probability, 5)))],
            Evidence = [.. reply.Regions.Take(EvidenceShown).Select(r => new RegionEvidence(r.Place.FrameIndex, r.Place.Box.ToArray(), Math.Round(r.Weight, 5)))],
        });
    }

    private static async Task<Ok<LibraryQuestionResponse>> AnswerOverLibraryAsync(
        LibraryQuestionRequest request, QuestionAnswering questions, VideoSearch search, QueryDbContext database, CancellationToken cancellationToken)
    {
        var question = TextLimits.Check(request.Question, "question");
        var limit = Cursor.Limit(request.Limit, LimitByDefault, MostAnswers);
        var named = request.Videos?.Distinct().ToList();
        if (named?.Count > MostVideos) throw new ApiException(400, "too-many-videos", $"At most {MostVideos} videos can be asked at once, not {named.Count}.");
        var generation = await questions.ActiveAsync(cancellationToken);
        var videos = new List<VideoRow>();
        if (named is null) videos = await FittingAsync(question, search, database, cancellationToken);
        else foreach (var id in named) videos.Add(await questions.FindVideoAsync(id, cancellationToken));

        var asked = await questions.AskAsync(generation, videos, question, limit, cancellationToken);
        return TypedResults.Ok(new LibraryQuestionResponse
        {
            Question = request.Question!,
            ModelVersion = generation.ModelVersion,
            Truncated = asked.Tokens.Truncated,
            Answers = [.. asked.Replies.SelectMany(ToAnswers).OrderByDescending(a => a.Probability).ThenBy(a => a.VideoId).ThenBy(a => a.Answer, StringComparer.Ordinal).Take(limit)],
        });
    }

    private static async Task<List<VideoRow>> FittingAsync(string question, VideoSearch search, QueryDbContext database, CancellationToken cancellationToken)
    {
        var ranking = await search.RankAsync(await search.ActiveAsync(cancellationToken), question, only: null, cancellationToken);
        var ids = ranking.Videos.Take(VideosAsked).Select(v => v.Id).ToList();
        return await database.Videos.AsNoTracking().Where(v => ids.Contains(v.Id) && v.DeletedAt == null && v.RegionsSha256 != null).ToListAsync(cancellationToken);
    }

    private static IEnumerable<LibraryAnswer> ToAnswers(Reply reply)
    {
        var frame = reply.Regions.GroupBy(r => (r.Place.FrameIndex, r.Place.TimestampSeconds)).OrderByDescending(g => g.Sum(r => r.Weight)).ThenBy(g => g.Key).FirstOrDefault();
        var moment = frame is null ? null : new Moment(frame.Key.FrameIndex, frame.Key.TimestampSeconds);
        return reply.Answers.Select(a => new LibraryAnswer
        {
            Answer = a.Answer, Probability = Math.Round(a.Probability, 5), VideoId = reply.Video.Id, Title = reply.Video.Title, Moment = moment,
        });
    }
}
