using System.Text.RegularExpressions;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;

namespace DemoVlp.RegionExtraction;

/// <summary>Where the regions of a video are kept: one file for each detector.</summary>
internal sealed partial class RegionStore(IArtifactStore store)
{
    private const string MediaType = "application/octet-stream";

    /// <summary>Writes a region file.</summary>
    public Task<ArtifactRef> WriteAsync(Guid videoId, DetectorInfo detector, RegionFile file, CancellationToken cancellationToken) =>
        store.WriteAsync(Key(videoId, detector), MediaType, async (stream, token) =>
        {
            // The artifact's stream hashes as it is written to; safetensors writes many small pieces.
            using var bytes = new MemoryStream();
            file.Save(bytes);
            bytes.Position = 0;
            await bytes.CopyToAsync(stream, token);
        }, cancellationToken);

    /// <summary>Reads the regions that this detector found in a video; null if there are none.</summary>
    /// <exception cref="ModelFormatException">The file is there and cannot be used.</exception>
    public async Task<(ArtifactRef Artifact, RegionFile File)?> FindAsync(Guid videoId, DetectorInfo detector, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(Key(videoId, detector), MediaType, cancellationToken) is not { } artifact) return null;
        try
        {
            await using var stream = store.OpenRead(artifact);
            return (artifact, RegionFile.Load(stream));
        }
        catch (ArtifactMissingException)
        {
            return null; // Deleted between the two calls.
        }
    }

    /// <summary>Whether a region file is what extraction from these frames would give.</summary>
    public static bool IsOf(RegionFile file, DetectorInfo detector, IReadOnlyList<SampledFrame> frames) =>
        file.DetectorHash == detector.Hash && file.FeatureDim == detector.FeatureDim
        && file.Frames.Select(f => (f.FrameIndex, f.TimestampSeconds, f.Width, f.Height))
            .SequenceEqual(frames.Select(f => (f.Index, f.TimestampSeconds, f.Width, f.Height)));

    private static string Key(Guid videoId, DetectorInfo detector) =>
        $"{VideoArtifacts.Regions(videoId)}/{NotInKeys().Replace(detector.Name, "-")}-{detector.Hash[..8]}.safetensors";

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex NotInKeys();
}
