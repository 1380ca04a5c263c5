using System.Collections.Concurrent;
using DemoVlp.Client;

namespace DemoVlp.Benchmarks;

/// <summary>Sends many requests, several at once, and waits where the system asks for it (429, 503 with <c>Retry-After</c>).</summary>
internal sealed class PatientClient(DemoVlpClient client)
{
    // As many as the gateway takes uploads of one client.
    private const int AtOnce = 4, Attempts = 60;

    /// <summary>One call, again until the system takes it.</summary>
    internal async Task<T> CallAsync<T>(Func<DemoVlpClient, Task<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call(client);
            }
            catch (DemoVlpException error) when (error.RetryAfter is { } wait && attempt < Attempts)
            {
                await Task.Delay(wait, cancellationToken);
            }
        }
    }

    /// <summary>A call for each item, several at once; the results are in the order of the items. What it does is told on standard error.</summary>
    internal async Task<IReadOnlyList<TResult>> ForEachAsync<T, TResult>(string what, IReadOnlyList<T> items, Func<DemoVlpClient, T, Task<TResult>> call, CancellationToken cancellationToken)
    {
        var results = new ConcurrentDictionary<int, TResult>();
        var progress = new ProgressLine(what, items.Count);
        await Parallel.ForEachAsync(Enumerable.Range(0, items.Count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, token) =>
        {
            results[i] = await CallAsync(it => call(it, items[i]), token);
            progress.Done();
        });
        return [.. Enumerable.Range(0, items.Count).Select(i => results[i])];
    }
}
