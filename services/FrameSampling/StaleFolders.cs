namespace DemoVlp.FrameSampling;

/// <summary>Removes what killed processes left in the temporary folder, when the service starts.</summary>
internal sealed class StaleFolders : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        PrivateFolder.RemoveStale();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
