using DemoVlp.Contracts.Http;

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

    /// <summary>Whether there is anything to do for <see cref="PrepareAsync"/>.</summary>
    bool MakesFeatures { get; }

    /// <summary>The splits there are, training first.</summary>
    Task<IReadOnlyList<string>> SplitsAsync(CancellationToken cancellationToken);

    /// <summary>Makes the features of the splits' clips where they can be made (generated clips); where they are given, there is nothing to do. Can be repeated at any time.</summary>
    Task PrepareAsync(IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken);

    /// <summary>The clips of a split, those without features too, in an order that depends on nothing but the clips.</summary>
    Task<IReadOnlyList<Clip>> ListAsync(string split, CancellationToken cancellationToken);

    /// <summary>Some clips of a split, in the order of <see cref="ListAsync"/>, without holding the others in memory.</summary>
    /// <param name="split">The split.</param>
    /// <param name="after">Id of the clip before the first one wanted; null: from the beginning.</param>
    /// <param name="take">How many at most.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    Task<IReadOnlyList<Clip>> PageAsync(string split, string? after, int take, CancellationToken cancellationToken);

    /// <summary>The clips or rows that cannot be used, and why.</summary>
    /// <param name="most">How many at most.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    IAsyncEnumerable<UnusableClip> UnusableAsync(int most, CancellationToken cancellationToken);
}
