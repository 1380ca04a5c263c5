using DemoVlp.Contracts.Http;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.QueryAnswering.Models;
using DemoVlp.QueryAnswering.Search;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Questions;

/// <summary><c>POST /videos/{id}/choices</c>.</summary>
internal static class ChoicesApi
{
    private const int FewestOptions = 2, MostOptions = 20;

    public static void MapChoicesApi(this IEndpointRouteBuilder api) => api.MapPost("/videos/{id:guid}/choices", ScoreAsync)
        .WithName("ScoreChoices").WithSummary("Scores options about a video").WithTags("Queries")
        .WithDescription("Each option competes as a description of the video: cosine of the global embeddings plus region-word alignment. The question, if given, is put before each.")
        .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);

    private static async Task<Ok<ChoiceResponse>> ScoreAsync(
        Guid id, ChoiceRequest request, QueryDbContext database, VideoSearch search, QuestionAnswering questions, Tokenizer tokenizer, ModelCache models, Inference inference,
        CancellationToken cancellationToken)
    {
        var texts = Check(request);
        await questions.FindVideoAsync(id, cancellationToken);
        var generation = await search.ActiveAsync(cancellationToken);
        var row = await database.Embeddings.AsNoTracking().Where(e => e.GenerationId == generation.Id && e.VideoId == id).Select(e => new { e.Vector, e.Detail })
            .SingleOrDefaultAsync(cancellationToken) ?? throw QuestionAnswering.NotIndexed(id);
        using var lease = await models.RetrievalAsync(generation.ModelDirectory);
        var tokens = await tokenizer.TokenizeAsync(generation, lease.Model.Config.MaxTextLength, texts, cancellationToken);
        var scores = await inference.RunAsync(() =>
        {
            var options = lease.Model.EmbedTexts([.. tokens.Select(t => t.Ids)]);
            return lease.Model.ScoreOptions(VideoDetail.Read(row.Detail, row.Vector).Embedding, options);
        }, cancellationToken);
        return TypedResults.Ok(new ChoiceResponse
        {
            ModelVersion = generation.ModelVersion,
            Choices = [.. scores.Select((score, i) => new Choice(i, request.Options![i], Math.Round(score, 5), tokens[i].Truncated))],
            Best = Array.IndexOf(scores, scores.Max()),
        });
    }

    private static List<string> Check(ChoiceRequest request)
    {
        var options = request.Options ?? [];
        if (options.Count < FewestOptions) throw new ApiException(400, "too-few-options", $"A choice needs at least {FewestOptions} options.");
        if (options.Count > MostOptions) throw new ApiException(400, "too-many-options", $"A choice has at most {MostOptions} options, not {options.Count}.");
        var question = request.Question is null ? "" : TextLimits.Check(request.Question, "question") + " ";
        return [.. options.Select(option => question + TextLimits.Check(option, "option"))];
    }
}
