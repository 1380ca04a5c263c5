using System.ComponentModel.DataAnnotations;

namespace DemoVlp.Catalog;

/// <summary>Settings of the section <c>Catalog</c>.</summary>
public sealed class CatalogOptions
{
    /// <summary>The longest file that may be uploaded, in bytes; 4 GiB if not set.</summary>
    [Range(1, long.MaxValue)]
    public long MaxUploadBytes { get; set; } = 4L << 30;

    /// <summary>How many videos there may be; null: as many as fit.</summary>
    /// <remarks>Uploads that end at the same moment may each take the last place.</remarks>
    [Range(0, long.MaxValue)]
    public long? MaxVideos { get; set; }

    /// <summary>How many bytes all uploaded files together may have; null: as many as fit.</summary>
    [Range(0, long.MaxValue)]
    public long? MaxTotalBytes { get; set; }

    /// <summary>How long a video may stay in one stage before its event is published again; doubles with every time, up to an hour.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan RedriveAfter { get; set; } = TimeSpan.FromMinutes(2);
}
