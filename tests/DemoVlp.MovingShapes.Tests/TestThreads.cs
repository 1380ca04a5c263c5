using System.Runtime.CompilerServices;
using DemoVlp.Modeling.Native;
using static TorchSharp.torch;

namespace DemoVlp.MovingShapes.Tests;

internal static class TestThreads
{
    /// <summary>One thread per operator: waiting OpenMP threads on a busy machine cost minutes.</summary>
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Has to run before the first tensor, whichever test makes it.")]
    internal static void Initialize()
    {
        TorchNativeLibrary.EnsureLoadable(); // This initializer runs before the library's own.
        set_num_threads(1);
    }
}
