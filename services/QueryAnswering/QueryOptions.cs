using System.ComponentModel.DataAnnotations;

namespace DemoVlp.QueryAnswering;

/// <summary>Section <c>Query</c>.</summary>
public sealed class QueryOptions
{
    /// <summary>How many videos nearest to a text are compared with it region by region; a search has no more hits than that. More is slower and finds more.</summary>
    [Range(10, 1000)]
    public int Candidates { get; set; } = 100;
}
