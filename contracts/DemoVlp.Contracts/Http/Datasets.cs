using System.Text.Json;

namespace DemoVlp.Contracts.Http;

/// <summary>Body of <c>POST /datasets</c>.</summary>
public sealed record DatasetRequest
{
    /// <summary>Unique name: lower-case letters, digits, <c>.</c>, <c>_</c> and <c>-</c>, at most 63, beginning with a letter or digit.</summary>
    public string? Name { get; init; }

    /// <summary><c>moving-shapes</c> or a benchmark format such as <c>msrvtt</c>.</summary>
    public string? Format { get; init; }

    /// <summary>
    /// Of <c>moving-shapes</c>: <c>seed</c>, <c>clips</c> (of <c>train</c> and of <c>test</c> each; <c>val</c> has a tenth of it) and, if wanted,
    /// <c>vocabulary</c> (<c>standard</c> or <c>extended</c>). Of a benchmark: <c>annotations</c> and <c>regions</c>, folders below the import folder,
    /// and, if wanted, <c>cut</c> (msrvtt), <c>share</c> of the rows and its <c>seed</c>.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement>? Options { get; init; }
}

/// <summary>A data set.</summary>
public sealed record Dataset
{
    /// <summary>Unique name.</summary>
    public required string Name { get; init; }

    /// <summary><c>library</c>, <c>moving-shapes</c> or a benchmark format.</summary>
    public required string Format { get; init; }

    /// <summary>One of <see cref="DatasetState"/>.</summary>
    public string State { get; init; } = DatasetState.Ready;

    /// <summary>Why its files cannot be used, if they cannot.</summary>
    public VideoFailure? Failure { get; init; }

    /// <summary>What it was made with.</summary>
    public IReadOnlyDictionary<string, JsonElement> Options { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Its splits, training first.</summary>
    public IReadOnlyList<DatasetSplit> Splits { get; init; } = [];

    /// <summary>Clips of all splits that can be used.</summary>
    public required int Clips { get; init; }

    /// <summary>Captions of those clips.</summary>
    public required int Captions { get; init; }

    /// <summary>Questions about those clips.</summary>
    public int Questions { get; init; }

    /// <summary>How many clips or rows cannot be used, by reason.</summary>
    public IReadOnlyDictionary<string, int> Unusable { get; init; } = new Dictionary<string, int>();

    /// <summary>The first of them; <c>GET /api/v1/datasets/{name}/unusable</c> names all.</summary>
    public IReadOnlyList<UnusableClip> FirstUnusable { get; init; } = [];

    /// <summary>When it was made, UTC; null for the library.</summary>
    public DateTime? CreatedAt { get; init; }
}

/// <summary>States of a data set.</summary>
public static class DatasetState
{
    /// <summary>Its clips are being counted; it can be used already.</summary>
    public const string Counting = "counting";

    /// <summary>Counted.</summary>
    public const string Ready = "ready";

    /// <summary>Its files cannot be used.</summary>
    public const string Failed = "failed";
}

/// <summary>Part of a data set.</summary>
/// <param name="Name"><c>train</c>, <c>val</c> or <c>test</c>.</param>
/// <param name="Clips">Clips.</param>
/// <param name="Captions">Captions of the clips.</param>
/// <param name="Questions">Questions about the clips.</param>
/// <param name="Choices">Multiple choices about the clips.</param>
/// <param name="WithRegions">Clips whose region features are there; those of a generated set are made when it is first used.</param>
public sealed record DatasetSplit(string Name, int Clips, int Captions, int Questions, int Choices, int WithRegions);

/// <summary>A row or clip of a data set that cannot be used.</summary>
/// <param name="Place">File and row; of a generated set the clip's split.</param>
/// <param name="Clip">The clip, as far as it is known; otherwise empty.</param>
/// <param name="Reason">Stable code.</param>
/// <param name="Detail">One plain sentence.</param>
public sealed record UnusableClip(string Place, string Clip, string Reason, string Detail);

/// <summary>A clip of a data set, with what is known of it.</summary>
public sealed record DatasetClip
{
    /// <summary>Unique within the data set's split.</summary>
    public required string Id { get; init; }

    /// <summary>The split.</summary>
    public required string Split { get; init; }

    /// <summary>Descriptions; evaluations take the first.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];

    /// <summary>Questions with answers.</summary>
    public IReadOnlyList<DatasetQuestion> Questions { get; init; } = [];

    /// <summary>Multiple choice.</summary>
    public IReadOnlyList<DatasetChoice> Choices { get; init; } = [];

    /// <summary>Why its region features are not there; null if they are.</summary>
    public string? Missing { get; init; }
}

/// <summary>A question about a clip.</summary>
/// <param name="Question">As asked.</param>
/// <param name="Answer">The right answer.</param>
/// <param name="Type">What it asks for, e.g. <c>what</c> or <c>color</c>.</param>
public sealed record DatasetQuestion(string Question, string Answer, string Type);

/// <summary>Multiple choice about a clip.</summary>
/// <param name="Options">Sentences of which one describes it.</param>
/// <param name="Answer">Index of that one.</param>
public sealed record DatasetChoice(IReadOnlyList<string> Options, int Answer);
