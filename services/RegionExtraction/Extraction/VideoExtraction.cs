using System.Collections.Concurrent;
using System.Diagnostics;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>Where a video's extraction is after one message.</summary>
/// <param name="Extracted">All is there; null: some groups are missing still.</param>
/// <param name="Progress">How far it is, if not all is there; null: another message was at work on it.</param>
/// <param name="Reused">All was there already.</param>
internal sealed record ExtractionStep(RegionsExtracted? Extracted, RegionsProgressed? Progress, bool Reused);

/// <summary>Extracts a video group by group, as long as one message may; what is finished is kept and not done again.</summary>
internal sealed class VideoExtraction(DetectorWorker worker, SharedBatches batches, RegionStore regions, IArtifactStore store, IOptions<RegionExtractionOptions> options)
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> atWork = new();

    /// <summary>Goes on with a video until it is finished or the time for one message is used up.</summary>
    /// <exception cref="FrameUnusableException">A frame of the video cannot be used.</exception>
    /// <exception cref="DetectorReplacedException">There is a new detector: what was made by the old one does not count.</exception>
    /// <exception cref="ArtifactMissingException">A frame is not in the store.</exception>
    public async Task<ExtractionStep> ContinueAsync(FramesSampled video, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource();
        if (atWork.GetOrAdd(video.VideoId, mine) is var other && other != mine)
        {
            // A duplicate beside the first: it would do each group again. What is done is found when its turn comes once more.
            await other.Task.WaitAsync(cancellationToken);
            return new(null, null, Reused: false);
        }
        try
        {
            return await GoOnAsync(video, cancellationToken);
        }
        finally
        {
            atWork.TryRemove(video.VideoId, out _);
            mine.SetResult();
        }
    }

    private async Task<ExtractionStep> GoOnAsync(FramesSampled video, CancellationToken cancellationToken)
    {
        var detector = await worker.CurrentAsync(cancellationToken);
        if (await regions.FindAsync(video, detector, cancellationToken) is { } found) return new(found, null, Reused: true);

        var clock = Stopwatch.StartNew();
        var groups = await FindGroupsAsync(video, detector, cancellationToken);
        var files = groups.ConvertAll(g => g.File);
        var worked = false;
        for (var g = 0; g < groups.Count; g++)
        {
            if (files[g] is not null) continue;
            if (worked && clock.Elapsed > options.Value.MessageBudget)
                return new(null, Progress(video, detector, groups.Where((_, i) => files[i] is not null).Sum(g => g.Group.Frames.Count)), Reused: false);
            files[g] = await ExtractAsync(groups[g].Group, detector, first: !worked, cancellationToken);
            await regions.WriteGroupAsync(video.VideoId, groups[g].Group, detector, files[g]!, cancellationToken);
            worked = true;
        }
        var whole = new RegionFile(detector.Name, detector.Hash, detector.FeatureDim, [.. files.SelectMany(file => file!.Frames)]);
        return new(await regions.WriteAsync(video, detector, whole, cancellationToken), null, Reused: false);
    }

    /// <summary>The video's groups: those that are finished, of whatever size they were made, and what is missing in groups of the size that is made now.</summary>
    private async Task<List<(FrameGroup Group, RegionFile? File)>> FindGroupsAsync(FramesSampled video, DetectorInfo detector, CancellationToken cancellationToken)
    {
        var (groups, missing) = (new List<(FrameGroup Group, RegionFile? File)>(), batches.GroupSize);
        for (var at = 0; at < video.Frames.Count; at += groups[^1].Group.Frames.Count)
        {
            (FrameGroup Group, RegionFile? File) next = (FrameGroup.At(video.Frames, at, missing), null);
            for (var size = RegionExtractionOptions.LargestMicroBatch; size > 0 && next.File is null; size--)
            {
                var group = FrameGroup.At(video.Frames, at, size);
                if (group.Frames.Count == size && await regions.FindGroupAsync(video.VideoId, group, detector, cancellationToken) is { } file) next = (group, file);
            }
            groups.Add(next);
        }
        return groups;
    }

    private async Task<RegionFile> ExtractAsync(FrameGroup group, DetectorInfo detector, bool first, CancellationToken cancellationToken)
    {
        var images = new List<FrameImage>();
        foreach (var frame in group.Frames) images.Add(FrameReader.Decode(frame, await store.ReadAsync(frame.Image, cancellationToken)));
        var found = await batches.ExtractAsync(detector.Hash, images, first, cancellationToken);
        return new(detector.Name, detector.Hash, detector.FeatureDim, found);
    }

    private static RegionsProgressed Progress(FramesSampled video, DetectorInfo detector, int done) =>
        new() { VideoId = video.VideoId, FramesDone = done, FramesTotal = video.Frames.Count, DetectorHash = detector.Hash, Dataset = video.Dataset };
}
