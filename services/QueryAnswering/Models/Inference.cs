namespace DemoVlp.QueryAnswering.Models;

/// <summary>Bounds how many computations run at once. Indexing takes one place at most, so that a query never waits for a whole library.</summary>
internal sealed class Inference : IDisposable
{
    private const int AtOnce = 2;
    private readonly SemaphoreSlim places = new(AtOnce, AtOnce), indexing = new(1, 1);

    /// <summary>Computes for somebody who waits.</summary>
    public async Task<T> RunAsync<T>(Func<T> compute, CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken);
        try
        {
            // On one thread from beginning to end: torch's scopes belong to a thread.
            return await Task.Run(compute, cancellationToken);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>Computes for the index.</summary>
    public async Task<T> RunIndexingAsync<T>(Func<T> compute, CancellationToken cancellationToken)
    {
        await indexing.WaitAsync(cancellationToken);
        try
        {
            return await RunAsync(compute, cancellationToken);
        }
        finally
        {
            indexing.Release();
        }
    }

    public void Dispose()
    {
        places.Dispose();
        indexing.Dispose();
    }
}
