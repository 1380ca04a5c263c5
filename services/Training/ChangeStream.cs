using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace DemoVlp.Training;

/// <summary>A resource as it is now.</summary>
/// <param name="Value">What clients see.</param>
/// <param name="Version">Another one after each change.</param>
/// <param name="Ended">Whether nothing more will change.</param>
internal readonly record struct Watched<T>(T Value, long Version, bool Ended);

/// <summary>Server-sent events about a resource: each change, until there will be none.</summary>
internal static class ChangeStream
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500), KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>Follows a resource.</summary>
    /// <param name="now">As it is.</param>
    /// <param name="look">Looks again; null: it is gone.</param>
    /// <param name="stopping">The host's.</param>
    /// <param name="cancellationToken">The client's.</param>
    public static async IAsyncEnumerable<SseItem<T>> FollowAsync<T>(
        Watched<T> now, Func<CancellationToken, Task<Watched<T>?>> look, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval);
        for (var quiet = TimeSpan.Zero; ; quiet += Interval)
        {
            // Repeated now and then: proxies close streams on which nothing happens.
            if (quiet == TimeSpan.Zero || quiet >= KeepAlive)
            {
                yield return new SseItem<T>(now.Value) { EventId = now.Version.ToString(CultureInfo.InvariantCulture) };
                quiet = TimeSpan.Zero;
            }
            if (now.Ended || stopping.IsCancellationRequested) yield break;
            await timer.WaitForNextTickAsync(cancellationToken);
            if (await look(cancellationToken) is not { } next) yield break;
            if (next.Version != now.Version) (now, quiet) = (next, -Interval);
        }
    }
}
