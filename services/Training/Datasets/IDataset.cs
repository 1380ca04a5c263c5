namespace DemoVlp.Training.Datasets;

/// <summary>Names of splits.</summary>
internal static class Splits
{
    public const string Train = "train", Val = "val", Test = "test", All = "all";
}

/// <summary>How far the preparation of a data set's clips is.</summary>
/// <param name="Done">Clips whose features are there, or will never be.</param>
/// <param name="Total">Clips asked for.</param>
internal readonly record struct PrepareProgress(int Done, int Total);

/// <summary>A data set by name.</summary>
internal interface IDataset
{
    /// <summary>Unique name.</summary>
    string Name { get; }

    /// <summary>The splits there are, training first.</summary>
    Task<IReadOnlyList<string>> SplitsAsync(CancellationToken cancellationToken);

    /// <summary>Makes the features of the splits' clips where they can be made (generated clips); where they are given, there is nothing to do. Can be repeated at any time.</summary>
    Task PrepareAsync(IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken);

    /// <summary>The clips of a split, those without features too, in an order that depends on nothing but the clips.</summary>
    Task<IReadOnlyList<Clip>> ListAsync(string split, CancellationToken cancellationToken);
}
