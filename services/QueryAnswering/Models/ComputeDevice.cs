using System.Globalization;
using DemoVlp.Modeling.Native;
using static TorchSharp.torch;

namespace DemoVlp.QueryAnswering.Models;

/// <summary>Where models compute: <c>Compute:Device</c> is <c>auto</c> (a CUDA device if there is one), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
internal sealed class ComputeDevice
{
    /// <summary>Reads the switch.</summary>
    /// <exception cref="InvalidOperationException">An unknown value, or a device that this process does not see.</exception>
    public ComputeDevice(IConfiguration configuration)
    {
        // This may be the first that is asked of torch in the process, before Modeling has been used at all.
        TorchNativeLibrary.EnsureLoadable();
        Device = Choose(configuration["Compute:Device"] is { Length: > 0 } asked ? asked : "auto");
    }

    /// <summary>The device.</summary>
    public Device Device { get; }

    private static Device Choose(string asked)
    {
        if (asked == "cpu") return CPU;
        if (asked == "auto") return cuda_is_available() ? CUDA : CPU;
        var index = 0;
        if (asked != "cuda" && !(asked.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(asked.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new InvalidOperationException($"Compute:Device is '{asked}'; it must be auto, cpu, cuda or cuda:N.");
        if (!cuda_is_available() || index >= cuda.device_count())
            throw new InvalidOperationException($"Compute:Device is '{asked}', and this process sees no such CUDA device.");
        return new Device(asked);
    }
}
