using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Fitting;

/// <summary>The region files of a run's clips: kept in memory up to a budget, read anew beyond it.</summary>
internal sealed partial class RegionCache(ClipRegionsReader reader, long budgetBytes, ILogger log)
{
    private const int BoxNumbers = 4;

    private readonly ConcurrentDictionary<string, IReadOnlyList<FrameRegions>> kept = new();
    private readonly ConcurrentDictionary<string, bool> unreadable = new();
    private long used;

    /// <summary>Bytes that the regions of clips would take, all of them kept: a region file holds little else; where there is none of this project's, by what the model looks at.</summary>
    public static long Estimate(IEnumerable<Clip> clips, ObjectTransformerConfig video)
    {
        var lookedAt = (long)video.NumFrames * video.ObjectNum * (video.FeatureDim + BoxNumbers) * sizeof(float);
        return clips.DistinctBy(c => c.Id).Sum(c => c.Regions?.Artifact?.Bytes ?? lookedAt);
    }

    /// <summary>A clip's frames; null if its file is gone (the video was deleted meanwhile) or damaged.</summary>
    public async Task<IReadOnlyList<FrameRegions>?> ReadAsync(Clip clip, CancellationToken cancellationToken)
    {
        if (kept.TryGetValue(clip.Id, out var frames)) return frames;
        if (unreadable.ContainsKey(clip.Id)) return null;
        try
        {
            frames = await reader.ReadAsync(clip.Regions!, cancellationToken);
        }
        catch (Exception e) when (e is ArtifactMissingException or ArtifactCorruptException or ModelFormatException)
        {
            LogUnreadable(e, clip.Id);
            unreadable[clip.Id] = true;
            return null;
        }
        var bytes = frames.Sum(f => (f.Features.LongLength + f.Boxes.LongLength) * sizeof(float));
        if (Interlocked.Add(ref used, bytes) <= budgetBytes) kept[clip.Id] = frames;
        else Interlocked.Add(ref used, -bytes);
        return frames;
    }

    [LoggerMessage(LogLevel.Warning, "The regions of clip {Clip} cannot be read; training goes on without it.")]
    private partial void LogUnreadable(Exception exception, string clip);
}
