using static TorchSharp.torch;

namespace DemoVlp.QueryAnswering.Models;

/// <summary>Where models compute, chosen once; a setting that cannot be met stops the service as it starts.</summary>
/// <exception cref="Modeling.ComputeDeviceException">See <see cref="Modeling.ComputeDevice.Choose"/>.</exception>
internal sealed class ComputeDevice(IConfiguration configuration)
{
    /// <summary>The device.</summary>
    public Device Device { get; } = Modeling.ComputeDevice.Choose(configuration["Compute:Device"]);
}
