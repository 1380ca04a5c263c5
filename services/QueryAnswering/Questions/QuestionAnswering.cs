using DemoVlp.Artifacts;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Text;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.QueryAnswering.Models;
using DemoVlp.QueryAnswering.Videos;
using DemoVlp.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Questions;

/// <summary>Asks the active question-answering model about videos, from their kept region files.</summary>
internal sealed class QuestionAnswering(QueryDbContext database, Tokenizer tokenizer, ModelCache models, Inference inference, RegionReader regions)
{
    /// <summary>The generation that answers questions.</summary>
    public Task<GenerationRow> ActiveAsync(CancellationToken cancellationToken) => database.RequireActiveAsync(ModelTasks.QuestionAnswering, cancellationToken);

    /// <summary>A video that can be asked about.</summary>
    /// <exception cref="ApiException">404 <c>video-not-found</c>, 409 <c>video-not-indexed</c>.</exception>
    public async Task<VideoRow> FindVideoAsync(Guid id, CancellationToken cancellationToken)
    {
        var video = await database.Videos.AsNoTracking().SingleOrDefaultAsync(v => v.Id == id && v.DeletedAt == null, cancellationToken)
            ?? throw new ApiException(404, "video-not-found", $"There is no video {id}.");
        return video.Regions is not null ? video : throw NotIndexed(id);
    }

    /// <summary>Asks each of the videos the same question. A video that is deleted while it is read is left out.</summary>
    public async Task<Asked> AskAsync(GenerationRow generation, IReadOnlyList<VideoRow> videos, string question, int limit, CancellationToken cancellationToken)
    {
        using var lease = await models.QuestionAnsweringAsync(generation.ModelDirectory);
        var model = lease.Model;
        var tokens = (await tokenizer.TokenizeAsync(generation, model.Config.MaxTextLength, [question], cancellationToken))[0];
        var replies = new List<Reply>();
        foreach (var video in videos)
        {
            if (await ReadAsync(video, cancellationToken) is not { } frames) continue;
            try
            {
                var answer = await inference.RunAsync(() => model.Answer(frames, tokens.Ids, limit), cancellationToken);
                var weights = answer.Attention.OrderByDescending(a => a.Weight).Select(a => (VideoDetail.PlaceOf(a.Region, frames), a.Weight)).ToList();
                replies.Add(new Reply(video, answer.Answers, weights));
            }
            catch (ModelFormatException e)
            {
                throw new ApiException(409, "regions-mismatch", $"The question-answering model cannot use the regions of video {video.Id}: {e.Message}");
            }
        }
        return new Asked(tokens, replies);
    }

    /// <summary>What the other answers say of a video without vectors.</summary>
    public static ApiException NotIndexed(Guid id) => new(409, "video-not-indexed", $"The video {id} is not indexed yet.");

    private async Task<IReadOnlyList<FrameRegions>?> ReadAsync(VideoRow video, CancellationToken cancellationToken)
    {
        try
        {
            return (await regions.ReadAsync(video.Regions!, cancellationToken)).Frames;
        }
        catch (Exception e) when (e is ArtifactMissingException or ArtifactCorruptException or ModelFormatException)
        {
            if (await database.Videos.AnyAsync(v => v.Id == video.Id && v.DeletedAt == null, cancellationToken)) throw;
            return null;
        }
    }
}

/// <summary>A question as read, and what each video says to it.</summary>
internal sealed record Asked(TokenizedText Tokens, IReadOnlyList<Reply> Replies);

/// <summary>What one video says.</summary>
/// <param name="Video">The video.</param>
/// <param name="Answers">Most probable first.</param>
/// <param name="Regions">All regions, heaviest first.</param>
internal sealed record Reply(VideoRow Video, IReadOnlyList<AnswerCandidate> Answers, IReadOnlyList<(RegionPlace Place, float Weight)> Regions);
