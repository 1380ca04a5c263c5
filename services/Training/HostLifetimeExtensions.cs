namespace DemoVlp.Training;

/// <summary>Background work that needs the bus waits for the whole host.</summary>
internal static class HostLifetimeExtensions
{
    /// <summary>Waits until every part of the host has started.</summary>
    /// <returns>False if it stopped instead.</returns>
    public static async Task<bool> WaitForStartAsync(this IHostApplicationLifetime lifetime, CancellationToken stopping)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var onStart = lifetime.ApplicationStarted.Register(started.SetResult);
        await using var onStop = stopping.Register(() => started.TrySetCanceled(stopping));
        await Task.WhenAny(started.Task);
        return started.Task.IsCompletedSuccessfully;
    }
}
