using System.Runtime.InteropServices;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>Tells a device without memory from other failures.</summary>
internal static class OutOfMemory
{
    // torch::OutOfMemoryError of CUDA and DefaultCPUAllocator reach .NET as ExternalException with libtorch's words; cuDNN and cuBLAS have their own.
    private static readonly string[] Words = ["out of memory", "can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"];

    /// <summary>Whether the device could not give the memory that was asked for.</summary>
    public static bool Caused(Exception e) => e is OutOfMemoryException
        || (e is ExternalException && Words.Any(word => e.Message.Contains(word, StringComparison.OrdinalIgnoreCase)));
}
