namespace DemoVlp.Modeling.DataSets;

/// <summary>A part of a data set.</summary>
public enum DataSetSplit
{
    /// <summary>For training.</summary>
    Train,

    /// <summary>For choosing a model; some data sets use their test part for it.</summary>
    Validation,

    /// <summary>For the published numbers.</summary>
    Test,
}

/// <summary>What the items of a data set are.</summary>
public enum DataSetKind
{
    /// <summary><see cref="CaptionItem"/>: retrieval and pre-training.</summary>
    Captions,

    /// <summary><see cref="QuestionItem"/>.</summary>
    Questions,

    /// <summary><see cref="MultipleChoiceItem"/>.</summary>
    MultipleChoice,
}

/// <summary>Where an item stands in the original files.</summary>
/// <param name="File">File name without directory.</param>
/// <param name="Row">From 1; records of a table (which may span lines), lines of a .jsonl or .txt file, elements of a JSON list.</param>
public readonly record struct RowPlace(string File, long Row)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}, row {Row}";
}

/// <summary>What all items have.</summary>
/// <param name="VideoId">The video's name in the data set.</param>
/// <param name="Split">The part of the data set.</param>
/// <param name="Place">Where the item comes from.</param>
public abstract record DataSetItem(string VideoId, DataSetSplit Split, RowPlace Place)
{
    /// <summary>Path of the video's region files below the region directory, with forward slashes; for an image without <c>_1.npz</c>.</summary>
    public string RegionPath { get; init; } = "";

    /// <summary>The region files; null unless <see cref="DataSetOptions.RegionDirectory"/> was given.</summary>
    public RegionFrames? Regions { get; init; }
}

/// <summary>A video or image with what is said about it.</summary>
/// <param name="VideoId">The video's name in the data set.</param>
/// <param name="Captions">One or more. Training draws one of them each time, evaluation takes the first.</param>
/// <param name="Split">The part of the data set.</param>
/// <param name="Place">Where the item comes from.</param>
public sealed record CaptionItem(string VideoId, IReadOnlyList<string> Captions, DataSetSplit Split, RowPlace Place) : DataSetItem(VideoId, Split, Place);

/// <summary>A question about a video.</summary>
/// <param name="QuestionId">Unique within a split: the data set's own number, or the row counted from 0.</param>
/// <param name="VideoId">The video's name in the data set.</param>
/// <param name="Question">As it stands in the file.</param>
/// <param name="Answer">As it stands in the file.</param>
/// <param name="AnswerType">E.g. <c>what</c>, <c>who</c> or <c>color</c>.</param>
/// <param name="Label">Index in <see cref="DataSet{TItem}.Answers"/>; -1 for an answer outside of it, which counts as wrong in an evaluation.</param>
/// <param name="Split">The part of the data set.</param>
/// <param name="Place">Where the item comes from.</param>
public sealed record QuestionItem(string QuestionId, string VideoId, string Question, string Answer, string AnswerType, int Label, DataSetSplit Split, RowPlace Place)
    : DataSetItem(VideoId, Split, Place);

/// <summary>A video and sentences of which one belongs to it.</summary>
/// <param name="QuestionId">The data set's own name of the question.</param>
/// <param name="VideoId">The video's name in the data set.</param>
/// <param name="Options">Five sentences.</param>
/// <param name="Answer">Index of the right one, 0 to 4.</param>
/// <param name="Split">The part of the data set.</param>
/// <param name="Place">Where the item comes from.</param>
public sealed record MultipleChoiceItem(string QuestionId, string VideoId, IReadOnlyList<string> Options, int Answer, DataSetSplit Split, RowPlace Place)
    : DataSetItem(VideoId, Split, Place);
