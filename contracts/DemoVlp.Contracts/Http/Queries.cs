namespace DemoVlp.Contracts.Http;

/// <summary>Body of <c>POST /search</c>.</summary>
public sealed record SearchRequest
{
    /// <summary>What to look for, in words.</summary>
    public string? Query { get; init; }

    /// <summary>Hits per page, 1 to 100; 10 if not given.</summary>
    public int? Limit { get; init; }

    /// <summary>The previous page's <c>nextCursor</c>.</summary>
    public string? Cursor { get; init; }

    /// <summary>Which videos to look in.</summary>
    public SearchFilter? Filter { get; init; }
}

/// <summary>Restricts a search.</summary>
public sealed record SearchFilter
{
    /// <summary>Only these videos.</summary>
    public IReadOnlyList<Guid>? Videos { get; init; }

    /// <summary>Only videos whose title contains this, whatever the case.</summary>
    public string? TitleContains { get; init; }
}

/// <summary>Answer to a search.</summary>
public sealed record SearchResponse
{
    /// <summary>The query as asked.</summary>
    public required string Query { get; init; }

    /// <summary>The model that answered; all hits of all pages come from it.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Whether words at the end were dropped because the query is longer than the model reads.</summary>
    public bool Truncated { get; init; }

    /// <summary>Best first.</summary>
    public required IReadOnlyList<SearchHit> Items { get; init; }

    /// <summary>For the next page; null: this was the last.</summary>
    public string? NextCursor { get; init; }
}

/// <summary>A video found.</summary>
public sealed record SearchHit
{
    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>Its title.</summary>
    public required string Title { get; init; }

    /// <summary>Global plus local score; higher is better.</summary>
    public required double Score { get; init; }

    /// <summary>Cosine of the two global embeddings, -1 to 1.</summary>
    public required double GlobalScore { get; init; }

    /// <summary>Region-word alignment, both directions summed, -2 to 2.</summary>
    public required double LocalScore { get; init; }

    /// <summary>Where in the video the words fit best.</summary>
    public Moment? Moment { get; init; }

    /// <summary>For each word the region that it attends to most.</summary>
    public required IReadOnlyList<WordEvidence> Evidence { get; init; }
}

/// <summary>A point in a video.</summary>
/// <param name="FrameIndex">Sampled frame.</param>
/// <param name="TimestampSeconds">Seconds from the start of the video.</param>
public sealed record Moment(int FrameIndex, double TimestampSeconds);

/// <summary>A word and the region behind it.</summary>
/// <param name="Word">The word as read by the model.</param>
/// <param name="FrameIndex">Sampled frame.</param>
/// <param name="Box">[x1, y1, x2, y2] in pixels of the sampled frame.</param>
/// <param name="Weight">Attention weight, 0 to 1.</param>
public sealed record WordEvidence(string Word, int FrameIndex, IReadOnlyList<float> Box, double Weight);

/// <summary>Body of <c>POST /videos/{id}/answers</c>.</summary>
/// <param name="Question">The question.</param>
/// <param name="Limit">Answers wanted, 1 to 20; 5 if not given.</param>
public sealed record QuestionRequest(string? Question, int? Limit = null);

/// <summary>Answer to a question about one video.</summary>
public sealed record QuestionResponse
{
    /// <summary>The question as asked.</summary>
    public required string Question { get; init; }

    /// <summary>The model that answered.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Whether words at the end were dropped because the question is longer than the model reads.</summary>
    public bool Truncated { get; init; }

    /// <summary>Most probable first.</summary>
    public required IReadOnlyList<Answer> Answers { get; init; }

    /// <summary>The regions the answer leans on, heaviest first.</summary>
    public required IReadOnlyList<RegionEvidence> Evidence { get; init; }
}

/// <summary>One answer.</summary>
/// <param name="Text">The answer; named <c>answer</c> in JSON.</param>
/// <param name="Probability">0 to 1 over all answers the model knows.</param>
public sealed record Answer([property: System.Text.Json.Serialization.JsonPropertyName("answer")] string Text, double Probability);

/// <summary>A region and its weight in an answer.</summary>
/// <param name="FrameIndex">Sampled frame.</param>
/// <param name="Box">[x1, y1, x2, y2] in pixels of the sampled frame.</param>
/// <param name="Weight">Attention weight, 0 to 1.</param>
public sealed record RegionEvidence(int FrameIndex, IReadOnlyList<float> Box, double Weight);

/// <summary>Body of <c>POST /videos/{id}/choices</c>.</summary>
/// <param name="Options">2 to 20 texts.</param>
/// <param name="Question">Put before each option, if given.</param>
public sealed record ChoiceRequest(IReadOnlyList<string>? Options, string? Question = null);

/// <summary>Scores of a multiple choice.</summary>
public sealed record ChoiceResponse
{
    /// <summary>The model that answered.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>In the order asked.</summary>
    public required IReadOnlyList<Choice> Choices { get; init; }

    /// <summary>Index of the highest score.</summary>
    public required int Best { get; init; }
}

/// <summary>One option's score.</summary>
/// <param name="Index">Position in the request.</param>
/// <param name="Option">The option as given.</param>
/// <param name="Score">Global plus local score.</param>
/// <param name="Truncated">Whether words at the end were dropped.</param>
public sealed record Choice(int Index, string Option, double Score, bool Truncated = false);

/// <summary>Body of <c>POST /answers</c>.</summary>
/// <param name="Question">The question.</param>
/// <param name="Videos">Only these videos; null: the videos that fit the question best.</param>
/// <param name="Limit">Answers wanted, 1 to 20; 5 if not given.</param>
public sealed record LibraryQuestionRequest(string? Question, IReadOnlyList<Guid>? Videos = null, int? Limit = null);

/// <summary>Answers over the library.</summary>
public sealed record LibraryQuestionResponse
{
    /// <summary>The question as asked.</summary>
    public required string Question { get; init; }

    /// <summary>The model that answered.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Whether words at the end were dropped because the question is longer than the model reads.</summary>
    public bool Truncated { get; init; }

    /// <summary>Most probable first.</summary>
    public required IReadOnlyList<LibraryAnswer> Answers { get; init; }
}

/// <summary>An answer with the video it comes from.</summary>
public sealed record LibraryAnswer
{
    /// <summary>The answer.</summary>
    public required string Answer { get; init; }

    /// <summary>0 to 1 over all answers the model knows, for this video.</summary>
    public required double Probability { get; init; }

    /// <summary>The video.</summary>
    public required Guid VideoId { get; init; }

    /// <summary>Its title.</summary>
    public required string Title { get; init; }

    /// <summary>Where in the video the answer leans on most.</summary>
    public Moment? Moment { get; init; }
}
