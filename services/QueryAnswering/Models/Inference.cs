using System.Collections.Concurrent;

namespace DemoVlp.QueryAnswering.Models;

/// <summary>Computes on a few threads of its own. Indexing takes one of them at most, so that a query never waits for a whole library.</summary>
internal sealed class Inference : IDisposable
{
    private const int AtOnce = 2;
    // The last: whoever waits goes on elsewhere, and does not hold up what computes next.
    private const TaskCreationOptions Options = TaskCreationOptions.DenyChildAttach | TaskCreationOptions.HideScheduler | TaskCreationOptions.RunContinuationsAsynchronously;
    private readonly Threads threads = new(AtOnce);
    private readonly SemaphoreSlim indexing = new(1, 1);

    /// <summary>Computes for somebody who waits. On one thread from beginning to end: torch's scopes belong to a thread.</summary>
    /// <param name="compute">What to compute.</param>
    /// <param name="cancellationToken">Counts until it begins; what computes is not broken off.</param>
    public Task<T> RunAsync<T>(Func<T> compute, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(compute, cancellationToken, Options, threads);

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
        threads.Dispose();
        indexing.Dispose();
    }

    /// <summary>Always the same threads: each thread that computes with torch keeps a team of OpenMP helpers for itself, and those of the pool come and go.</summary>
    private sealed class Threads : TaskScheduler, IDisposable
    {
        private readonly BlockingCollection<Task> waiting = [];
        private readonly Thread[] threads;

        public Threads(int count)
        {
            threads = [.. Enumerable.Range(0, count).Select(i => new Thread(Work) { IsBackground = true, Name = $"inference-{i}" })];
            foreach (var thread in threads) thread.Start();
        }

        /// <summary>What computes is finished first.</summary>
        public void Dispose()
        {
            waiting.CompleteAdding();
            foreach (var thread in threads) thread.Join();
            waiting.Dispose();
        }

        protected override void QueueTask(Task task) => waiting.Add(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => waiting.ToArray();

        private void Work()
        {
            foreach (var task in waiting.GetConsumingEnumerable()) TryExecuteTask(task);
        }
    }
}
