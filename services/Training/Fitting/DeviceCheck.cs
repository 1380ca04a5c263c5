using DemoVlp.Modeling;

namespace DemoVlp.Training.Fitting;

/// <summary>A <c>Compute:Device</c> that cannot be used stops the service as it starts, not the first run.</summary>
internal sealed class DeviceCheck(IConfiguration configuration) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        ComputeDevice.Choose(configuration["Compute:Device"]);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
