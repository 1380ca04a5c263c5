namespace DemoVlp.QueryAnswering.Data;

/// <summary>A video's vectors in one generation.</summary>
public sealed class EmbeddingRow
{
    /// <summary>The generation.</summary>
    public required int GenerationId { get; init; }

    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>The generation's <see cref="GenerationRow.Changes"/> when this was written.</summary>
    public required long Change { get; init; }

    /// <summary>When it was written, UTC.</summary>
    public required DateTime IndexedAt { get; init; }

    /// <summary>Hash of the region file it was made from.</summary>
    public required string RegionsSha256 { get; init; }

    /// <summary>[d] of length 1.</summary>
    public required float[] Vector { get; init; }

    /// <summary>The vectors of the regions and where these are (<see cref="Index.VideoDetail"/>).</summary>
    public required byte[] Detail { get; init; }
}

/// <summary>A video whose regions the generation's model cannot take. It is left out, and not tried again until its regions change.</summary>
public sealed class UnusableRow
{
    /// <summary>The generation.</summary>
    public required int GenerationId { get; init; }

    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>Hash of the region file that was tried.</summary>
    public required string RegionsSha256 { get; init; }

    /// <summary>What the model says, in a sentence.</summary>
    public required string Detail { get; init; }
}
