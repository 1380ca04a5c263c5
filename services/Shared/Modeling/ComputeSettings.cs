using System.Globalization;
using DemoVlp.Modeling.Native;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling;

/// <summary>The section <c>Compute</c>, for every service of a process alike.</summary>
/// <param name="Device"><c>Compute:Device</c>, see <see cref="ComputeDevice.Choose"/>.</param>
/// <param name="Precision"><c>Compute:Precision</c>: <c>float32</c> (also where nothing is set) or <c>bfloat16</c>; what the video-language model's encoders and the detector's convolutions compute in.</param>
/// <param name="Threads"><c>Compute:Threads</c>: of one tensor operation on the CPU; where nothing is set, the processors that this process may use.</param>
public sealed record ComputeSettings(Device Device, ComputePrecision Precision, int Threads)
{
    private const int MostThreads = 1024;

    /// <summary>Reads the settings and gives torch its number of threads, which all of the process shares.</summary>
    /// <param name="setting">The value of a key, null if it is not set.</param>
    /// <exception cref="ComputeDeviceException">The device cannot be used.</exception>
    /// <exception cref="ComputeSettingException">Another setting has an unknown value.</exception>
    public static ComputeSettings Apply(Func<string, string?> setting)
    {
        // This may be the first that is asked of torch in the process.
        TorchNativeLibrary.EnsureLoadable();
        var settings = new ComputeSettings(ComputeDevice.Choose(setting("Compute:Device")), ReadPrecision(setting("Compute:Precision")), ReadThreads(setting("Compute:Threads")));
        set_num_threads(settings.Threads);
        return settings;
    }

    private static ComputePrecision ReadPrecision(string? value) => value switch
    {
        null or "" or "float32" => ComputePrecision.Float32,
        "bfloat16" => ComputePrecision.BFloat16,
        _ => throw new ComputeSettingException($"Compute:Precision is '{value}'; it must be float32 or bfloat16."),
    };

    private static int ReadThreads(string? value)
    {
        if (value is null or "") return Environment.ProcessorCount;
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var threads) && threads is >= 1 and <= MostThreads
            ? threads
            : throw new ComputeSettingException($"Compute:Threads is '{value}'; it must be a number from 1 to {MostThreads}.");
    }
}

/// <summary>A setting below <c>Compute</c> has a value that is none. The message is a plain sentence for whoever runs the service.</summary>
public sealed class ComputeSettingException(string message) : Exception(message)
{
    /// <summary>Stable: <c>compute-setting-invalid</c>.</summary>
    public string Code { get; } = "compute-setting-invalid";
}
