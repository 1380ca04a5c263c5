using System.ComponentModel.DataAnnotations;

namespace DemoVlp.RegionExtraction;

/// <summary>Section <c>Regions</c>.</summary>
public sealed class RegionExtractionOptions
{
    /// <summary>
    /// Folder of the detector. It is watched: what is put there replaces the detector without a restart. Not set: the built-in one, which is small and
    /// knows moving shapes only.
    /// </summary>
    public string? DetectorDirectory { get; set; }

    /// <summary>Frames that go through the detector together (on a GPU: through its backbone at once), and are kept together.</summary>
    [Range(1, 8)]
    public int MicroBatch { get; set; } = 4;

    /// <summary>
    /// After how long a message begins no other group of frames; the video goes on with another message. With the full network at ten seconds a frame a message takes this, its last group
    /// and the wait for another video's at most: less than five minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan MessageBudget { get; set; } = TimeSpan.FromSeconds(30);
}
