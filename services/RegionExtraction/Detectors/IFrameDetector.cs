using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;

namespace DemoVlp.RegionExtraction.Detectors;

/// <summary>What is known of the detector in use.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hash">Its identity: SHA-256 over weights, configuration and names, and the type it computes in if that is not float32.</param>
/// <param name="FeatureDim">Length of a region's feature.</param>
/// <param name="Classes">Class names by id.</param>
/// <param name="Attributes">Attribute names by id.</param>
/// <param name="LoadedAt">When it was loaded, UTC.</param>
internal sealed record DetectorInfo(string Name, string Hash, int FeatureDim, IReadOnlyList<string> Classes, IReadOnlyList<string> Attributes, DateTime LoadedAt);

/// <summary>A detector in memory; it is used by one thread.</summary>
internal interface IFrameDetector : IDisposable
{
    /// <summary>What it is.</summary>
    DetectorInfo Info { get; }

    /// <summary>The regions of each frame; see <see cref="RegionExtractor.Extract"/> and <see cref="RegionExtractor.RegionShare"/>.</summary>
    /// <exception cref="OperationCanceledException">It is no longer wanted.</exception>
    IReadOnlyList<FrameRegions> Extract(IReadOnlyList<FrameImage> frames, int microBatch, int regionShare, CancellationToken cancellationToken);
}

/// <summary>Makes detectors of directories.</summary>
internal interface IDetectorLoader
{
    /// <summary>Reads a detector.</summary>
    /// <exception cref="ModelFormatException">The directory cannot be used.</exception>
    IFrameDetector Load(string folder, ComputeSettings compute);
}

/// <summary>Detectors computed by torch.</summary>
internal sealed class TorchDetectorLoader : IDetectorLoader
{
    /// <inheritdoc/>
    public IFrameDetector Load(string folder, ComputeSettings compute) => new TorchDetector(RegionExtractor.Load(folder, compute.Device, compute.Precision));

    private sealed class TorchDetector(RegionExtractor extractor) : IFrameDetector
    {
        public DetectorInfo Info { get; } =
            new(extractor.Detector, extractor.DetectorHash, extractor.FeatureDim, extractor.Classes, extractor.Attributes, DateTime.UtcNow);

        public IReadOnlyList<FrameRegions> Extract(IReadOnlyList<FrameImage> frames, int microBatch, int regionShare, CancellationToken cancellationToken)
        {
            extractor.RegionShare = regionShare;
            var found = new List<FrameRegions>(frames.Count);
            foreach (var some in frames.Chunk(extractor.OnHost ? 1 : frames.Count))
            {
                // A frame takes the full network ten seconds of a CPU: whoever stops the service does not wait for all of them.
                cancellationToken.ThrowIfCancellationRequested();
                found.AddRange(extractor.Extract(some, microBatch));
            }
            return found;
        }

        public void Dispose() => extractor.Dispose();
    }
}
