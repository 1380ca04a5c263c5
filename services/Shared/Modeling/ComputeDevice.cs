using System.Globalization;
using DemoVlp.Modeling.Native;
using static TorchSharp.torch;

namespace DemoVlp.Modeling;

/// <summary>Reads the setting <c>Compute:Device</c>, for every service alike.</summary>
public static class ComputeDevice
{
    /// <summary>The device to compute on.</summary>
    /// <param name="setting"><c>auto</c> (also where nothing is set: a CUDA device if there is one, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <exception cref="ComputeDeviceException">An unknown value, or a device that this process does not see.</exception>
    public static Device Choose(string? setting)
    {
        // This may be the first that is asked of torch in the process.
        TorchNativeLibrary.EnsureLoadable();
        if (setting == "cpu") return CPU;
        if (setting is null or "" or "auto") return cuda_is_available() ? CUDA : CPU;
        var index = 0;
        if (setting != "cuda" && !(setting.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(setting.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new ComputeDeviceException($"Compute:Device is '{setting}'; it must be auto, cpu, cuda or cuda:N.");
        if (!cuda_is_available() || index >= cuda.device_count())
            throw new ComputeDeviceException($"Compute:Device is '{setting}', and this process sees no such CUDA device.");
        return new Device(TorchSharp.DeviceType.CUDA, index);
    }
}

/// <summary>The device asked for cannot be computed on. The message is a plain sentence for whoever runs the service.</summary>
public sealed class ComputeDeviceException(string message) : Exception(message)
{
    /// <summary>Stable: <c>device-unavailable</c>.</summary>
    public string Code { get; } = "device-unavailable";
}
