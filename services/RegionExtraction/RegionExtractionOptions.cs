using System.ComponentModel.DataAnnotations;

namespace DemoVlp.RegionExtraction;

/// <summary>Section <c>Regions</c>.</summary>
public sealed class RegionExtractionOptions
{
    /// <summary>Frames of a group at most.</summary>
    public const int LargestMicroBatch = 8;

    /// <summary>
    /// Folder of the detector. It is watched: what is put there replaces the detector without a restart. Not set: the built-in one, which is small and
    /// knows moving shapes only.
    /// </summary>
    public string? DetectorDirectory { get; set; }

    /// <summary>Frames that go through the detector together (on a GPU: through its backbone at once), and are kept together.</summary>
    [Range(1, LargestMicroBatch)]
    public int MicroBatch { get; set; } = 4;

    /// <summary>
    /// After how long a message begins no other group of frames; the video goes on with another message. A message takes this, its last group and the wait for two other videos' at most. Groups
    /// that would take more than a minute are made smaller, so that this is less than five minutes up to eighty seconds a frame (the full network takes about ten on two cores). Until a
    /// detector's pace is known the groups are of <see cref="MicroBatch"/>: with four, up to twenty seconds a frame.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan MessageBudget { get; set; } = TimeSpan.FromSeconds(30);
}
