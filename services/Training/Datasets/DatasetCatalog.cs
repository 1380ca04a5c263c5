namespace DemoVlp.Training.Datasets;

/// <summary>The data sets there are.</summary>
internal sealed class DatasetCatalog(LibraryDataset library)
{
    /// <summary>A data set by name; null: there is none.</summary>
    public Task<IDataset?> FindAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<IDataset?>(name == LibraryDataset.LibraryName ? library : null);
}
