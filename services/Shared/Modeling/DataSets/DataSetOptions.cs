namespace DemoVlp.Modeling.DataSets;

/// <summary>How a data set is opened.</summary>
public sealed record DataSetOptions
{
    /// <summary>Directory of the region files; if given, an item without usable ones is an unusable row.</summary>
    public string? RegionDirectory { get; init; }

    /// <summary>MSRVTT: which split of the videos; <c>jsfusion</c> is 1k-A. <see cref="DataSetCatalog.MsrvttCuts"/> lists all.</summary>
    public string Cut { get; init; } = "jsfusion";

    /// <summary>
    /// Share of the rows that are read, in (0, 1]; null is the published one: 0.01 of CC3M's validation part, 1 of everything else. Each row is drawn on its own
    /// by its number and <see cref="Seed"/>, so the same rows come each time and the count is near the share, not equal to it.
    /// </summary>
    public double? Share { get; init; }

    /// <summary>Of <see cref="Share"/>.</summary>
    public ulong Seed { get; init; }

    /// <summary>Which mistakes of the published code are repeated; none by default.</summary>
    public ReferenceCompatibility Compatibility { get; init; } = ReferenceCompatibility.Corrected;
}

/// <summary>What the published code does with the data and what is corrected here, each to be switched on for a comparison (spec sections 8.2, 8.4 and 12).</summary>
public sealed record ReferenceCompatibility
{
    /// <summary>Nothing repeated.</summary>
    public static ReferenceCompatibility Corrected { get; } = new();

    /// <summary>Everything as the published code does it.</summary>
    public static ReferenceCompatibility Reference { get; } = new() { FirstRowLost = true, WordsTakenAsMissing = true, FirstMsvdCaptionOnly = true, LastFrameOfBinNeverDrawn = true };

    /// <summary>The first row of each .tsv and .csv file is taken for a header, which these files do not have.</summary>
    public bool FirstRowLost { get; init; }

    /// <summary>Fields such as <c>NA</c>, <c>null</c> and <c>nan</c> are missing values, not text.</summary>
    public bool WordsTakenAsMissing { get; init; }

    /// <summary>Of the captions of an MSVD video, joined by commas, only the first is used.</summary>
    public bool FirstMsvdCaptionOnly { get; init; }

    /// <summary>A random frame is never the last one of its bin, and a video with a bin of one frame cannot be used for training.</summary>
    public bool LastFrameOfBinNeverDrawn { get; init; }
}
