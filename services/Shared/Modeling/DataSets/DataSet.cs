using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.DataSets;

/// <summary>An item and the regions of the frames that were chosen, in order of time.</summary>
/// <param name="Item">The item.</param>
/// <param name="Frames">At most as many as were asked for; not padded.</param>
public sealed record RegionSample<TItem>(TItem Item, IReadOnlyList<FrameRegions> Frames) where TItem : DataSetItem;

/// <summary>One split of a data set. Each pass reads the files anew and keeps no rows; <see cref="DataSetCatalog"/> opens it.</summary>
public sealed class DataSet<TItem> where TItem : DataSetItem
{
    private readonly DataSetRequest request;
    private readonly DataSetSource<TItem> source;

    internal DataSet(DataSetRequest request, DataSetSource<TItem> source) => (this.request, this.source) = (request, source);

    /// <summary>The name it was opened with.</summary>
    public string Name => request.Name;

    /// <summary>The part of the data set.</summary>
    public DataSetSplit Split => request.Split;

    /// <summary>The answers that have labels; null unless the items are questions.</summary>
    public AnswerSet? Answers => source.Answers;

    /// <summary>All usable items, in the order of the files (MSRVTT: of the video names). Stop enumerating at any time.</summary>
    /// <param name="report">Takes the counts and names of rows that cannot be used.</param>
    /// <exception cref="ModelFormatException"><c>dataset-malformed</c>: a file is broken in a way that loses its rows' boundaries.</exception>
    public IEnumerable<TItem> Read(DataSetReport report)
    {
        foreach (var row in Rows())
        {
            if (!row.IsUsable(out var item, out var fault))
            {
                report.Add(fault);
                continue;
            }
            report.AddUsable();
            yield return item;
        }
    }

    /// <summary>All usable items with the regions of some of their frames (spec sections 8.1 and 8.2); an item of which one chosen frame cannot be read is an unusable row.</summary>
    /// <param name="frames">How many frames are wanted.</param>
    /// <param name="random">Draws a frame of each bin, as for training; null takes the middle of each, as for evaluation.</param>
    /// <param name="report">As of <see cref="Read"/>.</param>
    /// <exception cref="ModelFormatException"><c>dataset-option</c>: opened without <see cref="DataSetOptions.RegionDirectory"/>; <c>dataset-malformed</c>.</exception>
    public IEnumerable<RegionSample<TItem>> ReadWithRegions(int frames, Random? random, DataSetReport report)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        if (request.Options.RegionDirectory is null) throw new ModelFormatException("dataset-option", $"{Name} was opened without a region directory.");
        return Samples(frames, random, report);
    }

    private IEnumerable<RegionSample<TItem>> Samples(int frames, Random? random, DataSetReport report)
    {
        foreach (var row in Rows())
        {
            if (!row.IsUsable(out var item, out var fault) || Load(item, frames, random, out fault) is not { } regions)
            {
                report.Add(fault!);
                continue;
            }
            report.AddUsable();
            yield return new RegionSample<TItem>(item, regions);
        }
    }

    private IEnumerable<Row<TItem>> Rows()
    {
        var share = request.Options.Share ?? source.Share;
        foreach (var row in source.Rows())
        {
            if (share < 1 && !Subsample.Holds(row.Place.Row, share, request.Options.Seed)) continue;
            yield return row.Item is { } item ? Located(item) : row;
        }
    }

    private Row<TItem> Located(TItem item)
    {
        if (!RegionFrames.IsInside(item.RegionPath)) return new UnusableRow(item.Place, item.VideoId, UnusableReasons.VideoName, "The video's name gives no path below the region directory.");
        if (request.Options.RegionDirectory is not { } directory) return item;
        var path = Path.Combine(directory, item.RegionPath);
        var regions = source.Images ? RegionFrames.OfImage(path) : RegionFrames.OfVideo(path);
        return regions is null
            ? new UnusableRow(item.Place, item.VideoId, UnusableReasons.RegionsMissing, source.Images ? $"There is no {item.RegionPath}_1.npz or _0.npz." : $"There are no frames 0.npz, 1.npz, ... in {item.RegionPath}.")
            : item with { Regions = regions };
    }

    private FrameRegions[]? Load(TItem item, int frames, Random? random, out UnusableRow? fault)
    {
        fault = null;
        var regions = item.Regions!;
        if (Choose(regions.Count, frames, random) is not { } chosen)
        {
            fault = new UnusableRow(item.Place, item.VideoId, UnusableReasons.BinOfOneFrame, $"{regions.Count} frames are fewer than two for each of {frames} bins.");
            return null;
        }
        try
        {
            return Array.ConvertAll(chosen, regions.Read);
        }
        catch (Exception e) when (e is ModelFormatException or IOException or UnauthorizedAccessException)
        {
            fault = new UnusableRow(item.Place, item.VideoId, UnusableReasons.RegionsUnreadable, e.Message);
            return null;
        }
    }

    private int[]? Choose(int available, int wanted, Random? random)
    {
        if (random is null) return FrameSampling.Uniform(available, wanted);
        var keepsAll = source.Images || (source.AllFramesIfEqual && available == wanted);
        return request.Compatibility.LastFrameOfBinNeverDrawn && !keepsAll ? FrameSampling.RandomWithoutLast(available, wanted, random) : FrameSampling.Random(available, wanted, random);
    }
}
