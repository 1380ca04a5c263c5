using System.Diagnostics.CodeAnalysis;

namespace DemoVlp.Modeling.DataSets;

/// <summary>A row of a data set: an item, or why there is none.</summary>
internal readonly record struct Row<TItem>(RowPlace Place, TItem? Item, UnusableRow? Fault) where TItem : DataSetItem
{
    internal bool IsUsable([NotNullWhen(true)] out TItem? item, [NotNullWhen(false)] out UnusableRow? fault)
    {
        (item, fault) = (Item, Fault);
        return item is not null;
    }

    public static implicit operator Row<TItem>(TItem item) => new(item.Place, item, null);

    public static implicit operator Row<TItem>(UnusableRow fault) => new(fault.Place, null, fault);
}

/// <summary>How a data set's rows are read and where its regions lie.</summary>
/// <param name="Rows">One pass over the files.</param>
internal sealed record DataSetSource<TItem>(Func<IEnumerable<Row<TItem>>> Rows) where TItem : DataSetItem
{
    /// <summary>One region file per item (an image) instead of a directory of frames.</summary>
    internal bool Images { get; init; }

    /// <summary>A video with exactly as many frames as wanted gives all of them, also in the published code.</summary>
    internal bool AllFramesIfEqual { get; init; }

    /// <summary>Published share of the rows.</summary>
    internal double Share { get; init; } = 1;

    internal AnswerSet? Answers { get; init; }
}
