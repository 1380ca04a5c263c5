using DemoVlp.Contracts.Http;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Search;

/// <summary>Turns a filter into the videos it leaves.</summary>
internal static class SearchFilters
{
    private const int MostVideos = 1000, LongestTitle = 200;

    /// <summary>The videos to look in; null: all.</summary>
    /// <exception cref="ApiException">400 <c>bad-filter</c> or <c>bad-text</c>.</exception>
    public static async Task<IReadOnlyCollection<Guid>?> ApplyAsync(this QueryDbContext database, SearchFilter? filter, CancellationToken cancellationToken)
    {
        if (filter?.Videos?.Count > MostVideos) throw new ApiException(400, "bad-filter", $"A filter names at most {MostVideos} videos.");
        if (filter?.TitleContains?.Length > LongestTitle) throw new ApiException(400, "bad-filter", $"A part of a title has at most {LongestTitle} characters.");
        if (string.IsNullOrWhiteSpace(filter?.TitleContains)) return filter?.Videos;
        var part = TextLimits.Plain(filter.TitleContains, "part of a title").Trim().ToLowerInvariant();
        var titled = database.Videos.Where(v => v.DeletedAt == null && v.TitleFolded.Contains(part));
        if (filter.Videos is { } videos) titled = titled.Where(v => videos.Contains(v.Id));
        return await titled.Select(v => v.Id).ToListAsync(cancellationToken);
    }
}
