using DemoVlp.Contracts;

namespace DemoVlp.Training.Datasets;

/// <summary>A question about a clip.</summary>
/// <param name="Question">As asked.</param>
/// <param name="Answer">The right answer.</param>
/// <param name="Type">What it asks for, e.g. <c>what</c> or <c>color</c>.</param>
internal sealed record ClipQuestion(string Question, string Answer, string Type);

/// <summary>Multiple choice about a clip.</summary>
/// <param name="Options">Sentences of which one describes it.</param>
/// <param name="Answer">Index of that one.</param>
internal sealed record ClipChoice(IReadOnlyList<string> Options, int Answer);

/// <summary>Where a clip's region features are: a region file of this project, or frames in the original project's format below the import folder.</summary>
/// <param name="Artifact">The region file; null for imported frames.</param>
/// <param name="Path">The local directory of <c>0.npz</c>, <c>1.npz</c>, ... or, for an image, the path without <c>_1.npz</c>; null for an artifact.</param>
/// <param name="Image">Whether <paramref name="Path"/> is that of an image.</param>
internal sealed record ClipRegions(ArtifactRef? Artifact, string? Path = null, bool Image = false);

/// <summary>A clip of a data set: what runs learn from and evaluations measure on.</summary>
internal sealed record Clip
{
    /// <summary>Unique within the data set; of the library the video's id.</summary>
    public required string Id { get; init; }

    /// <summary>Descriptions; evaluations take the first.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];

    /// <summary>Questions with answers.</summary>
    public IReadOnlyList<ClipQuestion> Questions { get; init; } = [];

    /// <summary>Multiple choice.</summary>
    public IReadOnlyList<ClipChoice> Choices { get; init; } = [];

    /// <summary>Its features; null: there are none, see <see cref="Missing"/>.</summary>
    public ClipRegions? Regions { get; init; }

    /// <summary>Why there are no features; null if there are.</summary>
    public string? Missing { get; init; }
}
