namespace DemoVlp.Contracts.Videos;

/// <summary>Event: what people say of a video, as a whole. Published by Catalog on upload and on every change; the highest <see cref="Revision"/> wins.</summary>
public sealed record VideoDescribed
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>Grows with every change of this video's description.</summary>
    public required int Revision { get; init; }

    /// <summary>The title shown in lists.</summary>
    public required string Title { get; init; }

    /// <summary>Captions that training may use. Empty if there are none.</summary>
    public required IReadOnlyList<string> Captions { get; init; }
}
