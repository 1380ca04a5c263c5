using System.Diagnostics;

namespace DemoVlp.Testing;

/// <summary>Waits for what happens by itself: polls with a deadline instead of sleeping.</summary>
public static class Eventually
{
    private static readonly TimeSpan ByDefault = TimeSpan.FromSeconds(30);

    /// <summary>Waits until <paramref name="condition"/> holds. A connection that is refused, or an HTTP client that gave up waiting, counts as "not yet".</summary>
    /// <param name="what">What is awaited, for the failure: "the video is indexed".</param>
    /// <param name="condition">Asked again and again, 50 ms apart.</param>
    /// <param name="cancellationToken">The test's token.</param>
    /// <param name="within">30 seconds if not given.</param>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static async Task TrueAsync(
        string what, Func<CancellationToken, Task<bool>> condition, CancellationToken cancellationToken, TimeSpan? within = null) =>
        await ValueAsync(what, async token => await condition(token) ? "yes" : null, cancellationToken, within);

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    /// <inheritdoc cref="TrueAsync(string, Func{CancellationToken, Task{bool}}, CancellationToken, TimeSpan?)"/>
    public static Task TrueAsync(string what, Func<bool> condition, CancellationToken cancellationToken, TimeSpan? within = null) =>
        TrueAsync(what, _ => Task.FromResult(condition()), cancellationToken, within);

    /// <summary>Waits until <paramref name="read"/> returns something, and returns it.</summary>
    /// <inheritdoc cref="TrueAsync(string, Func{CancellationToken, Task{bool}}, CancellationToken, TimeSpan?)"/>
    public static async Task<T> ValueAsync<T>(
        string what, Func<CancellationToken, Task<T?>> read, CancellationToken cancellationToken, TimeSpan? within = null) where T : class
    {
        var limit = within ?? ByDefault;
        var clock = Stopwatch.StartNew();
        Exception? refused = null;
        while (true)
        {
            try
            {
                if (await read(cancellationToken) is { } value) return value;
                refused = null;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException { InnerException: TimeoutException })
            {
                refused = e;
            }
            if (clock.Elapsed > limit) throw new TimeoutException($"Not within {limit.TotalSeconds:0.#} s: {what}.", refused);
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }
}
