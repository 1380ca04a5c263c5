using Microsoft.Extensions.Hosting;

namespace DemoVlp.ServiceDefaults;

/// <summary>Background work that needs the bus waits for the whole host.</summary>
public static class HostLifetimeExtensions
{
    /// <summary>Waits until every part of the host has started: they start one after another, and what is published before the consumers listen is lost in memory.</summary>
    /// <returns>False if it stops instead.</returns>
    public static async Task<bool> WaitForStartAsync(this IHostApplicationLifetime lifetime, CancellationToken stopping)
    {
        var started = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var up = lifetime.ApplicationStarted.Register(() => started.TrySetResult(true));
        await using var down = stopping.Register(() => started.TrySetResult(false));
        return await started.Task;
    }
}
