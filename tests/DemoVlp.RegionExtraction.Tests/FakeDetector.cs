using DemoVlp.Modeling;
using System.Runtime.InteropServices;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;
using Microsoft.Extensions.Options;

namespace DemoVlp.RegionExtraction.Tests;

/// <summary>A detector that finds one region in each frame, on a device with room for so many frames, and refuses frames whose first byte is 255.</summary>
internal sealed class FakeDetector(string hash = "f00d0000cafe") : IFrameDetector, IDetectorLoader
{
    public int Room { get; set; } = int.MaxValue;

    /// <summary>Below this share of the regions even one frame finds room.</summary>
    public int ShareNeeded { get; set; } = 1;

    public List<int[]> Seen { get; } = [];

    /// <summary>Called before frames are looked at, with what tells that they are no longer wanted.</summary>
    public Action<IReadOnlyList<FrameImage>, CancellationToken>? Before { get; set; }

    public DetectorInfo Info { get; } = new("fake", hash, 2, ["cat"], ["red"], DateTime.UtcNow);

    public IFrameDetector Load(string folder, ComputeSettings compute) => this;

    public IReadOnlyList<FrameRegions> Extract(IReadOnlyList<FrameImage> frames, int microBatch, int regionShare, CancellationToken cancellationToken)
    {
        Before?.Invoke(frames, cancellationToken);
        // The words and the type of TorchSharp's error on a full GPU.
        if (frames.Count > Room || regionShare < ShareNeeded) throw Raised("CUDA out of memory. Tried to allocate 2.00 GiB.");
        if (frames.Any(f => f.Bgr[0] == 255)) throw new DetectorException("features-not-finite", "its features are not finite numbers.");
        Seen.Add([.. frames.Select(f => f.FrameIndex)]);
        return [.. frames.Select(f => new FrameRegions(f.FrameIndex, f.TimestampSeconds, f.Width, f.Height, [f.Bgr[0], 1], [0, 0, 1, 1], [0], [0.5f], [0], [0.5f]))];
    }

    /// <summary>An error as TorchSharp raises it.</summary>
#pragma warning disable CA2201 // The very type that it throws.
    public static ExternalException Raised(string message) => new(message);
#pragma warning restore CA2201

    public void Dispose()
    {
    }
}

/// <summary>Options that a test can change, as a configuration file that is edited would.</summary>
internal sealed class Settings<T>(T value) : IOptionsMonitor<T>
{
    public T CurrentValue { get; set; } = value;

    public T Get(string? name) => CurrentValue;

    public IDisposable? OnChange(Action<T, string?> listener) => null;
}

/// <summary>A clock that a test sets.</summary>
internal sealed class Clock : TimeProvider
{
    public long Seconds { get; set; }

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => Seconds;
}
