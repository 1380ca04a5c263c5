using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Modeling.Regions;

namespace DemoVlp.QueryAnswering.Videos;

/// <summary>Reads region files from the store, whole and checked.</summary>
internal sealed class RegionReader(IArtifactStore artifacts)
{
    /// <exception cref="DemoVlp.Modeling.ModelFormatException">It is no region file.</exception>
    /// <exception cref="ArtifactMissingException">It is not there.</exception>
    /// <exception cref="ArtifactCorruptException">Its bytes are not those announced.</exception>
    public async Task<RegionFile> ReadAsync(ArtifactRef regions, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(await artifacts.ReadAsync(regions, cancellationToken), writable: false);
        return RegionFile.Load(stream);
    }
}
