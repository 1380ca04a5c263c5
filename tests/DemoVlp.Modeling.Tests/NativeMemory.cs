using System.Runtime.InteropServices;

namespace DemoVlp.Modeling.Tests;

/// <summary>
/// The bytes that malloc has given out, which is where tensors lie. What the kernel counts as the process's memory says little of them: freed pages are
/// kept and used again, or not, depending on what ran before, and on a machine of many cores its counters lag behind.
/// </summary>
internal static class NativeMemory
{
    /// <summary>glibc since 2.33.</summary>
    internal static bool IsCounted { get; } = NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "mallinfo2", out _);

    /// <summary>The most bytes in use while something ran, beyond those before. Looked at each millisecond: what lives for an instant is missed.</summary>
    internal static long PeakOf(Action act)
    {
        var (before, peak, stop) = (InUse(), 0L, false);
        var observer = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                peak = Math.Max(peak, InUse());
                Thread.Sleep(1); // Counting holds the lock that each allocation waits for.
            }
        });
        observer.Start();
        try
        {
            act();
        }
        finally
        {
            Volatile.Write(ref stop, true);
            observer.Join();
        }
        return peak - before;
    }

    /// <summary>Frees what only waits for a garbage collection: freed in the midst of a measurement it would be subtracted from it.</summary>
    internal static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    /// <summary>Bytes in use now.</summary>
    internal static long InUse()
    {
        var info = Count();
        return (long)(info.InHeaps + info.Mapped);
    }

    [DllImport("libc.so.6", EntryPoint = "mallinfo2"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern Info Count();

    /// <summary>struct mallinfo2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Info
    {
        private readonly nuint _arena, _ordblks, _smblks, _hblks;
        internal readonly nuint Mapped; // hblkhd
        private readonly nuint _usmblks, _fsmblks;
        internal readonly nuint InHeaps; // uordblks
        private readonly nuint _fordblks, _keepcost;
    }
}
