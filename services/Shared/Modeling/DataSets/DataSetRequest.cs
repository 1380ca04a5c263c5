namespace DemoVlp.Modeling.DataSets;

/// <summary>What a data set is opened with, and where its files are.</summary>
internal sealed record DataSetRequest(string Name, string Root, DataSetSplit Split, DataSetOptions Options)
{
    internal ReferenceCompatibility Compatibility => Options.Compatibility;

    /// <summary>Name of the split in paths of region files; the parts that are used for validation and test lie together.</summary>
    internal string RegionFolder => Split == DataSetSplit.Train ? "train" : "val";

    internal static ModelFormatException Malformed(string file, string message, Exception? inner = null) =>
        new("dataset-malformed", $"{System.IO.Path.GetFileName(file)} cannot be read: {message}", inner);

    /// <summary>Path of the file of the split that is asked for.</summary>
    internal string File(params (DataSetSplit Split, string File)[] splits)
    {
        foreach (var (split, file) in splits)
        {
            if (split == Split) return Path(file);
        }
        throw new ModelFormatException("dataset-split", $"{Name} has no split {Split}. Known are: {string.Join(", ", splits.Select(s => s.Split))}.");
    }

    /// <summary>Path of a file, which lies in <c>meta_data</c> of the root, as published, or in the root itself.</summary>
    internal string Path(string file)
    {
        string[] places = [System.IO.Path.Combine(Root, "meta_data", file), System.IO.Path.Combine(Root, file)];
        return Array.Find(places, System.IO.File.Exists)
            ?? throw new ModelFormatException("dataset-missing-file", $"{Name} needs {file}, which is neither in {System.IO.Path.Combine(Root, "meta_data")} nor in {Root}.");
    }
}
