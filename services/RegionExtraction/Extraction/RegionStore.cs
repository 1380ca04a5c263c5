using System.Text.Json;
using System.Text.RegularExpressions;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>
/// Where the regions of a video are kept: for each detector, and for the frames it looked at, a region file and its listing in words; while it
/// is at work, a file for each finished group. Files of earlier detectors stay: runs may still read them, and going back to one costs nothing.
/// </summary>
internal sealed partial class RegionStore(IArtifactStore store, ILogger<RegionStore> logger)
{
    private const string FileType = "application/octet-stream", ListingType = "application/json";

    /// <summary>The finished regions of these frames by this detector; null if there are none.</summary>
    public async Task<RegionsExtracted?> FindAsync(FramesSampled video, DetectorInfo detector, CancellationToken cancellationToken)
    {
        var stem = Stem(video, detector);
        if (await ReadAsync($"{stem}.safetensors", video.Frames, detector, cancellationToken) is not var (artifact, file)) return null;
        // Written anew, since nobody looks at what is in it before it is served; and groups that a crash left behind go.
        var listing = await ListAsync(stem, file, detector, cancellationToken);
        store.Delete(Groups(video.VideoId, detector));
        return Announce(video, detector, artifact, file, listing);
    }

    /// <summary>Keeps the finished regions of a video, and drops its groups.</summary>
    public async Task<RegionsExtracted> WriteAsync(FramesSampled video, DetectorInfo detector, RegionFile file, CancellationToken cancellationToken)
    {
        var stem = Stem(video, detector);
        // In this order: where the region file is, all is.
        var listing = await ListAsync(stem, file, detector, cancellationToken);
        var artifact = await SaveAsync($"{stem}.safetensors", file, cancellationToken);
        store.Delete(Groups(video.VideoId, detector));
        return Announce(video, detector, artifact, file, listing);
    }

    /// <summary>The regions of a group; null if it is not finished.</summary>
    public async Task<RegionFile?> FindGroupAsync(Guid videoId, FrameGroup group, DetectorInfo detector, CancellationToken cancellationToken) =>
        (await ReadAsync(Key(videoId, group, detector), group.Frames, detector, cancellationToken))?.File;

    /// <summary>Keeps the regions of a group.</summary>
    public Task WriteGroupAsync(Guid videoId, FrameGroup group, DetectorInfo detector, RegionFile file, CancellationToken cancellationToken) =>
        SaveAsync(Key(videoId, group, detector), file, cancellationToken);

    private async Task<(ArtifactRef Artifact, RegionFile File)?> ReadAsync(
        string key, IReadOnlyList<SampledFrame> frames, DetectorInfo detector, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(key, FileType, cancellationToken) is not { } artifact) return null;
        try
        {
            await using var stream = store.OpenRead(artifact);
            var file = RegionFile.Load(stream);
            return IsOf(file, detector, frames) ? (artifact, file) : null;
        }
        catch (Exception e) when (e is ArtifactMissingException or ArtifactCorruptException)
        {
            return null; // Deleted or replaced between the two calls.
        }
        catch (ModelFormatException e)
        {
            logger.LogWarning(e, "The region file {Key} is damaged; it is made anew.", key);
            return null;
        }
    }

    private Task<ArtifactRef> SaveAsync(string key, RegionFile file, CancellationToken cancellationToken) => store.WriteAsync(key, FileType, async (stream, token) =>
    {
        // The artifact's stream hashes as it is written to; safetensors writes many small pieces.
        using var bytes = new MemoryStream();
        file.Save(bytes);
        bytes.Position = 0;
        await bytes.CopyToAsync(stream, token);
    }, cancellationToken);

    private Task<ArtifactRef> ListAsync(string stem, RegionFile file, DetectorInfo detector, CancellationToken cancellationToken) => store.WriteAsync($"{stem}.json", ListingType,
        (stream, token) => JsonSerializer.SerializeAsync(stream, Describe(file, detector), JsonSerializerOptions.Web, token), cancellationToken);

    private static bool IsOf(RegionFile file, DetectorInfo detector, IReadOnlyList<SampledFrame> frames) =>
        file.DetectorHash == detector.Hash && file.FeatureDim == detector.FeatureDim
        && file.Frames.Select(f => (f.FrameIndex, f.TimestampSeconds, f.Width, f.Height))
            .SequenceEqual(frames.Select(f => (f.Index, f.TimestampSeconds, f.Width, f.Height)));

    private static VideoRegions Describe(RegionFile file, DetectorInfo detector) => new(file.Detector, file.DetectorHash,
        [.. file.Frames.Select(f => new FrameRegionList(f.FrameIndex, f.TimestampSeconds, f.Width, f.Height,
            [.. Enumerable.Range(0, f.Count).Select(i => new Region(
                f.Boxes[(4 * i)..(4 * i + 4)], detector.Classes[f.ClassIds[i]], detector.Attributes[f.AttributeIds[i]], f.ClassConfidences[i]))]))]);

    private static RegionsExtracted Announce(FramesSampled video, DetectorInfo detector, ArtifactRef artifact, RegionFile file, ArtifactRef listing) => new()
    {
        VideoId = video.VideoId, Regions = artifact, RegionCount = file.Frames.Sum(f => f.Count), Detector = detector.Name, DetectorHash = detector.Hash, Listing = listing,
        Dataset = video.Dataset,
    };

    private static string Stem(FramesSampled video, DetectorInfo detector) =>
        $"{VideoArtifacts.Regions(video.VideoId)}/{NotInKeys().Replace(detector.Name, "-")}-{detector.Hash[..8]}-{FrameGroup.Fingerprint(video.Frames, detector)[..8]}";

    // Of one detector: where another is at work too, its groups stay.
    private static string Groups(Guid videoId, DetectorInfo detector) => $"{VideoArtifacts.Regions(videoId)}/groups/{detector.Hash[..8]}";

    private static string Key(Guid videoId, FrameGroup group, DetectorInfo detector) =>
        $"{Groups(videoId, detector)}/{FrameGroup.Fingerprint(group.Frames, detector)}.safetensors";

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex NotInKeys();
}
