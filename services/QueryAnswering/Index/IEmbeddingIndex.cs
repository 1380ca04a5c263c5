using DemoVlp.QueryAnswering.Data;

namespace DemoVlp.QueryAnswering.Index;

/// <summary>Finds the videos of a generation whose global vectors are nearest to a text's. Vectors are written by <see cref="EmbeddingStore"/>.</summary>
internal interface IEmbeddingIndex
{
    /// <summary>The nearest videos, best first; of equally near ones the lower id first. A video is never missed because of <paramref name="only"/>.</summary>
    /// <param name="generation">As just read: what is committed by then is searched.</param>
    /// <param name="query">[d] of length 1.</param>
    /// <param name="count">How many, at most.</param>
    /// <param name="only">Videos to choose from; null: all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<Neighbour>> SearchAsync(GenerationRow generation, float[] query, int count, IReadOnlyCollection<Guid>? only, CancellationToken cancellationToken);

    /// <summary>Makes ready for vectors of a new generation. Twice is no harm.</summary>
    Task PrepareAsync(int generationId, int dimension, CancellationToken cancellationToken);

    /// <summary>Lets go of a generation that is not searched any more. Twice is no harm.</summary>
    Task ForgetAsync(int generationId, CancellationToken cancellationToken);
}

/// <summary>A video found.</summary>
/// <param name="VideoId">The video.</param>
/// <param name="Score">Cosine with the query, -1 to 1.</param>
internal readonly record struct Neighbour(Guid VideoId, float Score) : IComparable<Neighbour>
{
    /// <summary>Better ones first.</summary>
    public int CompareTo(Neighbour other) => Score != other.Score ? other.Score.CompareTo(Score) : VideoId.CompareTo(other.VideoId);
}
