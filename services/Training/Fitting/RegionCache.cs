using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;

namespace DemoVlp.Training.Fitting;

/// <summary>The region files of a run's clips: kept in memory up to a budget, read anew beyond it.</summary>
internal sealed partial class RegionCache(IArtifactStore artifacts, long budgetBytes, ILogger log)
{
    private readonly ConcurrentDictionary<Guid, IReadOnlyList<FrameRegions>> kept = new();
    private readonly ConcurrentDictionary<Guid, bool> unreadable = new();
    private long used;

    /// <summary>A clip's frames; null if its file is gone (the video was deleted meanwhile) or damaged.</summary>
    public async Task<IReadOnlyList<FrameRegions>?> ReadAsync(Guid videoId, ArtifactRef regions, CancellationToken cancellationToken)
    {
        if (kept.TryGetValue(videoId, out var frames)) return frames;
        if (unreadable.ContainsKey(videoId)) return null;
        try
        {
            using var stream = new MemoryStream(await artifacts.ReadAsync(regions, cancellationToken));
            frames = RegionFile.Load(stream).Frames;
        }
        catch (Exception e) when (e is ArtifactMissingException or ArtifactCorruptException or ModelFormatException)
        {
            LogUnreadable(e, videoId);
            unreadable[videoId] = true;
            return null;
        }
        if (Interlocked.Add(ref used, regions.Bytes) <= budgetBytes) kept[videoId] = frames;
        else Interlocked.Add(ref used, -regions.Bytes);
        return frames;
    }

    [LoggerMessage(LogLevel.Warning, "The regions of video {VideoId} cannot be read; training goes on without it.")]
    private partial void LogUnreadable(Exception exception, Guid videoId);
}
