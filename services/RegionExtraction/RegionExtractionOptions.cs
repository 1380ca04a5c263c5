using System.ComponentModel.DataAnnotations;

namespace DemoVlp.RegionExtraction;

/// <summary>Section <c>Regions</c>.</summary>
public sealed class RegionExtractionOptions
{
    /// <summary>Folder of the detector. Not set: the built-in one, which is small and knows moving shapes only.</summary>
    public string? DetectorDirectory { get; set; }

    /// <summary>Frames that go through the detector's backbone together.</summary>
    [Range(1, 64)]
    public int MicroBatch { get; set; } = 4;
}

/// <summary>Section <c>Compute</c>.</summary>
public sealed class ComputeOptions
{
    /// <summary><c>auto</c> (CUDA where there is one), <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    public string Device { get; set; } = "auto";

    /// <summary>Threads of one tensor operation. Not set: the processors that this process may use.</summary>
    [Range(1, 1024)]
    public int? Threads { get; set; }
}
