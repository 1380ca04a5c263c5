using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.DataSets;
using DemoVlp.Modeling.Regions;

namespace DemoVlp.Training.Datasets;

/// <summary>Reads clips' region features, whichever format they are kept in.</summary>
internal sealed class ClipRegionsReader(IArtifactStore artifacts)
{
    /// <summary>The frames of a clip that has features.</summary>
    /// <exception cref="ModelFormatException">The file is damaged, or frames are missing.</exception>
    /// <exception cref="ArtifactMissingException">The file is gone.</exception>
    /// <exception cref="ArtifactCorruptException">The file is not the one that was written.</exception>
    public async Task<IReadOnlyList<FrameRegions>> ReadAsync(ClipRegions regions, CancellationToken cancellationToken)
    {
        if (regions.Artifact is { } artifact)
        {
            using var stream = new MemoryStream(await artifacts.ReadAsync(artifact, cancellationToken));
            return RegionFile.Load(stream).Frames;
        }
        var frames = (regions.Image ? RegionFrames.OfImage(regions.Path!) : RegionFrames.OfVideo(regions.Path!))
            ?? throw new ModelFormatException("region-file-missing", "The clip's region files are gone.");
        return [.. Enumerable.Range(0, frames.Count).Select(frames.Read)];
    }
}
