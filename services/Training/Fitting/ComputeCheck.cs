using DemoVlp.Modeling;

namespace DemoVlp.Training.Fitting;

/// <summary>A setting below <c>Compute</c> that cannot be met stops the service as it starts, not the first run: to be made, this needs the settings.</summary>
internal sealed class ComputeCheck(ComputeSettings compute, ILogger<ComputeCheck> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        log.LogInformation("Training computes on {Device} in {Precision} with {Threads} threads.", compute.Device, compute.Precision, compute.Threads);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
