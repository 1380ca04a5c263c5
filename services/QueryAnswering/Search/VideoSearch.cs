using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Text;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.QueryAnswering.Models;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DemoVlp.QueryAnswering.Search;

/// <summary>Ranks videos for a text: candidates by their global vectors, then global plus region-word score (paper section 3.3).</summary>
internal sealed class VideoSearch(QueryDbContext database, IEmbeddingIndex index, Tokenizer tokenizer, ModelCache models, Inference inference, IOptions<QueryOptions> options)
{
    // Sums of floats depend on what else is in the batch; digits behind this one must not decide the order from page to page.
    private const int Digits = 5;

    /// <summary>Ranks the videos of one generation.</summary>
    /// <param name="generation">The generation that answers.</param>
    /// <param name="text">What to look for.</param>
    /// <param name="only">Videos to choose from; null: all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Ranking> RankAsync(GenerationRow generation, string text, IReadOnlyCollection<Guid>? only, CancellationToken cancellationToken)
    {
        using var lease = await models.RetrievalAsync(generation.ModelDirectory);
        var model = lease.Model;
        var tokens = (await tokenizer.TokenizeAsync(generation, model.Config.MaxTextLength, [text], cancellationToken))[0];
        var embedding = await inference.RunAsync(() => model.EmbedText(tokens.Ids), cancellationToken);
        var neighbours = await index.SearchAsync(generation, embedding.Global, options.Value.Candidates, only, cancellationToken);
        var ids = neighbours.Select(n => n.VideoId).ToList();
        var rows = await database.Embeddings.AsNoTracking().Where(e => e.GenerationId == generation.Id && ids.Contains(e.VideoId))
            .Join(database.Videos.Where(v => v.DeletedAt == null), e => e.VideoId, v => v.Id, (e, v) => new { v.Id, v.Title, e.Vector, e.Detail })
            .ToListAsync(cancellationToken);
        var videos = await inference.RunAsync(() =>
        {
            var details = rows.ConvertAll(row => VideoDetail.Read(row.Detail, row.Vector));
            var local = model.Align(embedding, details.ConvertAll(detail => detail.Embedding));
            return rows.Select((row, i) => new RankedVideo(row.Id, row.Title,
                Math.Round(embedding.GlobalScore(details[i].Embedding), Digits), Math.Round(local[i], Digits), details[i])).ToList();
        }, cancellationToken);
        videos.Sort();
        return new Ranking(tokens, embedding, videos);
    }

    /// <summary>Which words of the text each of these videos answers, and where.</summary>
    public async Task<IReadOnlyList<WordsFound>> FindWordsAsync(GenerationRow generation, Ranking ranking, IReadOnlyList<RankedVideo> videos, CancellationToken cancellationToken)
    {
        using var lease = await models.RetrievalAsync(generation.ModelDirectory);
        return await inference.RunAsync(() => videos.Select(video =>
            WordsFound.Create(ranking.Tokens, video.Detail, lease.Model.Evidence(ranking.Embedding, video.Detail.Embedding))).ToList(), cancellationToken);
    }

    /// <summary>The generation that answers searches.</summary>
    public Task<GenerationRow> ActiveAsync(CancellationToken cancellationToken) => database.RequireActiveAsync(ModelTasks.Retrieval, cancellationToken);
}

/// <summary>A text and the videos for it, best first.</summary>
internal sealed record Ranking(TokenizedText Tokens, TextEmbedding Embedding, IReadOnlyList<RankedVideo> Videos);

/// <summary>A video and its scores.</summary>
internal sealed record RankedVideo(Guid Id, string Title, double Global, double Local, VideoDetail Detail) : IComparable<RankedVideo>
{
    /// <summary>What the order goes by.</summary>
    public double Score { get; } = Math.Round(Global + Local, 5);

    /// <summary>Better ones first; of equal ones the lower id.</summary>
    public int CompareTo(RankedVideo? other) => other is null ? -1 : Score != other.Score ? other.Score.CompareTo(Score) : Id.CompareTo(other.Id);
}
