namespace DemoVlp.Modeling.DataSets;

/// <summary>Why a row cannot be used; the values are stable codes.</summary>
public static class UnusableReasons
{
    /// <summary>The row is no JSON object, or its fields have the wrong types.</summary>
    public const string Malformed = "row-malformed";

    /// <summary>A line or row is longer than any sensible one.</summary>
    public const string TooLong = "row-too-long";

    /// <summary>The table ends inside a quoted field.</summary>
    public const string QuoteOpen = "quote-open";

    /// <summary>The row has another number of columns than the format.</summary>
    public const string Columns = "columns";

    /// <summary>Taken for a header: only with <see cref="ReferenceCompatibility.FirstRowLost"/>.</summary>
    public const string FirstRowLost = "first-row-lost";

    /// <summary>There is no caption, or an empty one.</summary>
    public const string CaptionMissing = "caption-missing";

    /// <summary>No caption of that number: MSRVTT's list of test captions does not fit its captions.</summary>
    public const string CaptionIndex = "caption-index";

    /// <summary>There is no video name.</summary>
    public const string VideoMissing = "video-missing";

    /// <summary>The video's name is not one of this data set's form, or would lead out of the region directory.</summary>
    public const string VideoName = "video-name";

    /// <summary>MSVD-QA: the video has no name in the mapping.</summary>
    public const string VideoUnknown = "video-unknown";

    /// <summary>There is no question, or an empty one.</summary>
    public const string QuestionMissing = "question-missing";

    /// <summary>There is no answer, or, for multiple choice, none of the options.</summary>
    public const string AnswerMissing = "answer-missing";

    /// <summary>A question for training whose answer has no label.</summary>
    public const string AnswerWithoutLabel = "answer-without-label";

    /// <summary>Not five options with text.</summary>
    public const string Options = "options";

    /// <summary>The video has no region files, or only one.</summary>
    public const string RegionsMissing = "regions-missing";

    /// <summary>A region file that was needed is missing or damaged.</summary>
    public const string RegionsUnreadable = "regions-unreadable";

    /// <summary>A bin has one frame: only with <see cref="ReferenceCompatibility.LastFrameOfBinNeverDrawn"/>.</summary>
    public const string BinOfOneFrame = "bin-of-one-frame";
}

/// <summary>A row that cannot be used.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="VideoId">The video, as far as it is known; otherwise empty.</param>
/// <param name="Reason">One of <see cref="UnusableReasons"/>.</param>
/// <param name="Detail">One plain sentence.</param>
public sealed record UnusableRow(RowPlace Place, string VideoId, string Reason, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Place}{(VideoId.Length > 0 ? $" ({VideoId})" : "")}: {Reason}. {Detail}";
}

/// <summary>Counts the rows of one or more passes over data sets and hands on each unusable one. Its size does not grow with the number of rows. One thread at a time.</summary>
/// <param name="kept">How many unusable rows stay in <see cref="First"/>.</param>
/// <param name="each">Takes every unusable row when it is met.</param>
public sealed class DataSetReport(int kept = 100, Action<UnusableRow>? each = null)
{
    private const int MaximumText = 200;

    private readonly SortedDictionary<string, long> reasons = new(StringComparer.Ordinal);
    private readonly List<UnusableRow> first = [];

    /// <summary>Rows that were read, <see cref="Usable"/> and <see cref="Unusable"/>; without those that <see cref="DataSetOptions.Share"/> left out.</summary>
    public long Rows => Usable + Unusable;

    /// <summary>Items that were handed out.</summary>
    public long Usable { get; private set; }

    /// <summary>Rows that were not.</summary>
    public long Unusable { get; private set; }

    /// <summary>Number of unusable rows by <see cref="UnusableReasons"/>.</summary>
    public IReadOnlyDictionary<string, long> Reasons => reasons;

    /// <summary>The first unusable rows, in the order in which they were met.</summary>
    public IReadOnlyList<UnusableRow> First => first;

    internal void AddUsable() => Usable++;

    internal void Add(UnusableRow row)
    {
        Unusable++;
        reasons[row.Reason] = reasons.GetValueOrDefault(row.Reason) + 1;
        if (first.Count >= kept && each is null) return;
        var named = row with { VideoId = Short(row.VideoId), Detail = Short(row.Detail) };
        if (first.Count < kept) first.Add(named);
        each?.Invoke(named);
    }

    private static string Short(string text) => text.Length <= MaximumText ? text : text[..MaximumText] + "...";
}
