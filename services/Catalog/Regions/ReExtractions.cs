using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Catalog.Regions;

/// <summary>Replaces regions that another detector made by those of the one in use. The rows are marked here; the sweep sets them going, a few at a time.</summary>
internal sealed class ReExtractions(CatalogDbContext database)
{
    private static readonly string[] WithRegions = [VideoStatus.Indexed, VideoStatus.Embedding];

    /// <summary>How many videos there are to do, and how many are on their way.</summary>
    /// <exception cref="ApiException">409 <c>detector-unknown</c>.</exception>
    public async Task<ReExtraction> CountAsync(CancellationToken cancellationToken)
    {
        var detector = await DetectorAsync(cancellationToken);
        return await CountAsync(detector, queued: 0, cancellationToken);
    }

    /// <summary>Marks the videos whose regions another detector made. What is on its way already is not begun again; what failed is.</summary>
    /// <exception cref="ApiException">409 <c>detector-unknown</c>.</exception>
    public async Task<ReExtraction> BeginAsync(CancellationToken cancellationToken)
    {
        var detector = await DetectorAsync(cancellationToken);
        var queued = await Others(detector).Where(v => v.Renewal != RenewalState.Extracting).ExecuteUpdateAsync(set => set
            .SetProperty(v => v.Renewal, RenewalState.Extracting).SetProperty(v => v.FramesExtracted, (int?)null)
            .SetProperty(v => v.FailureCode, (string?)null).SetProperty(v => v.FailureDetail, (string?)null)
            .SetProperty(v => v.Redrives, 0).SetProperty(v => v.Version, v => v.Version + 1), cancellationToken);
        // Its regions are new, but the index did not take them: that step alone is done again.
        queued += await database.LiveVideos.Where(v => v.Renewal == RenewalState.Failed && v.DetectorHash == detector.Sha256 && v.Status == VideoStatus.Indexed)
            .ExecuteUpdateAsync(set => set
                .SetProperty(v => v.Renewal, RenewalState.Embedding).SetProperty(v => v.FailureCode, (string?)null).SetProperty(v => v.FailureDetail, (string?)null)
                .SetProperty(v => v.RedriveAt, Clock.Now).SetProperty(v => v.Redrives, 0).SetProperty(v => v.Version, v => v.Version + 1), cancellationToken);
        return await CountAsync(detector, queued, cancellationToken);
    }

    private async Task<DetectorRow> DetectorAsync(CancellationToken cancellationToken) =>
        await database.Detectors.AsNoTracking().OrderByDescending(d => d.LoadedAt).FirstOrDefaultAsync(cancellationToken)
        ?? throw new ApiException(409, "detector-unknown", "No detector has been loaded yet; try again in a minute.");

    private async Task<ReExtraction> CountAsync(DetectorRow detector, int queued, CancellationToken cancellationToken) => new(
        detector.Name, detector.Sha256, await Others(detector).CountAsync(cancellationToken), queued,
        await database.LiveVideos.CountAsync(v => v.Renewal == RenewalState.Extracting || v.Renewal == RenewalState.Embedding, cancellationToken),
        await database.LiveVideos.CountAsync(v => v.Renewal == RenewalState.Failed, cancellationToken));

    private IQueryable<VideoRow> Others(DetectorRow detector) =>
        database.LiveVideos.Where(v => WithRegions.Contains(v.Status) && v.RegionCount != null && v.DetectorHash != detector.Sha256);
}
