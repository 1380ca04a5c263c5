using System.ComponentModel.DataAnnotations;

namespace DemoVlp.RegionExtraction;

/// <summary>Section <c>Regions</c>.</summary>
public sealed class RegionExtractionOptions
{
    /// <summary>Folder of the detector. Not set: the built-in one, which is tiny and untrained.</summary>
    public string? DetectorDirectory { get; set; }

    /// <summary>Frames that go through the detector's backbone together.</summary>
    [Range(1, 64)]
    public int MicroBatch { get; set; } = 4;
}
