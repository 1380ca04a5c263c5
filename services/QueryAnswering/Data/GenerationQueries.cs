using DemoVlp.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Data;

/// <summary>Which generation answers.</summary>
internal static class GenerationQueries
{
    /// <summary>The generation that answers now; null if none does. Each query asks once and stays with it.</summary>
    public static Task<GenerationRow?> ActiveAsync(this QueryDbContext database, string task, CancellationToken cancellationToken) =>
        database.Generations.AsNoTracking().SingleOrDefaultAsync(g => g.Task == task && g.State == GenerationState.Active, cancellationToken);

    /// <summary>The generation that answers now.</summary>
    /// <exception cref="ApiException">503 <c>model-not-ready</c>.</exception>
    public static async Task<GenerationRow> RequireActiveAsync(this QueryDbContext database, string task, CancellationToken cancellationToken) =>
        await database.ActiveAsync(task, cancellationToken)
        ?? throw new ApiException(503, "model-not-ready", $"No {task} model is active yet.");

    /// <summary>Videos whose regions are here and that this generation has neither embedded nor left out.</summary>
    public static IQueryable<VideoRow> Missing(this QueryDbContext database, int generationId) => database.Videos.AsNoTracking().Where(v =>
        v.DeletedAt == null && v.RegionsSha256 != null
        && !database.Embeddings.Any(e => e.GenerationId == generationId && e.VideoId == v.Id && e.RegionsSha256 == v.RegionsSha256)
        && !database.Unusable.Any(u => u.GenerationId == generationId && u.VideoId == v.Id && u.RegionsSha256 == v.RegionsSha256));
}
