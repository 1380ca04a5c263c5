using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace DemoVlp.Modeling.Native;

/// <summary>
/// Makes TorchSharp 0.107 load where the system's libstdc++ is older than GCC 13 (Debian 12).
/// </summary>
/// <remarks>
/// <c>libLibTorchSharp.so</c> asks for <c>GLIBCXX_3.4.32</c> because of one symbol alone, <c>std::ios_base_library_init()</c>,
/// whose work older libstdc++ has done by the time it is loaded. The copy written here marks that version need as weak and
/// binds the symbol to <c>getppid</c>, a libc function without arguments or effects. Debian 13 and Ubuntu 24.04 take the library as it is.
/// </remarks>
public static class TorchNativeLibrary
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Symbol = "_ZSt21ios_base_library_initv";
    private const string Harmless = "getppid";
    private const string Patched = "libLibTorchSharp.glibcxx.so";

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Has to run before the first tensor, whoever makes it.")]
    internal static void Initialize() => EnsureLoadable();

    /// <summary>Loads the patched copy if this machine needs it; does nothing elsewhere, and nothing the second time.</summary>
    /// <exception cref="DllNotFoundException">The patched copy is needed and cannot be written beside the original.</exception>
    public static void EnsureLoadable()
    {
        if (!OperatingSystem.IsLinux()) return;
        // Tensors of 2 MB and more on huge pages: a training step asks for gigabytes again and again, and each page costs a fault.
        // libtorch reads this when it is loaded; .NET's own environment does not reach it.
        _ = setenv("THP_MEM_ALLOC_ENABLE", "1", 0);
        // Threads of an operation that wait for each other sleep instead of spinning: beside another busy process, as here there always may be one, spinning takes the processor
        // from whom it waits for (decision 0017).
        _ = setenv("OMP_WAIT_POLICY", "passive", 0);
        // On processors that NNPACK does not know, every convolution would write a warning into the log.
        _ = setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0);
        ReadLogLevel();
        if (SystemHasVersion()) return;
        var original = Candidates("libLibTorchSharp.so").FirstOrDefault(File.Exists);
        if (original is null) return; // No libtorch backend in this process: nothing to repair.
        var copy = Path.Combine(Path.GetDirectoryName(original)!, Patched);
        if (!File.Exists(copy)) WritePatchedCopy(original, copy);
        // The loader finds libtorch beside the copy (its run path is $ORIGIN), and later requests for
        // "libLibTorchSharp.so" get this one, since they share the SONAME.
        NativeLibrary.Load(copy);
    }

    [DllImport("libc", BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int setenv([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    // c10::initLogging reads the level; Python calls it, a C++ program has to.
    private static void ReadLogLevel()
    {
        if (Candidates("libc10.so").FirstOrDefault(File.Exists) is { } path && NativeLibrary.TryLoad(path, out var c10) && NativeLibrary.TryGetExport(c10, "_ZN3c1011initLoggingEv", out var function))
            Marshal.GetDelegateForFunctionPointer<Action>(function)();
    }

    private static IEnumerable<string> Candidates(string library)
    {
        yield return Path.Combine(AppContext.BaseDirectory, library);
        yield return Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", library);
    }

    private static bool SystemHasVersion()
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out var handle)) return true; // The loader's own message will be clearer.
        return NativeLibrary.TryGetExport(handle, Symbol, out _);
    }

    private static void WritePatchedCopy(string original, string copy)
    {
        var image = File.ReadAllBytes(original);
        Patch(image);
        // Written under another name and renamed: several processes may start at once.
        var temporary = $"{copy}.{Environment.ProcessId}";
        try
        {
            File.WriteAllBytes(temporary, image);
            File.Move(temporary, copy, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DllNotFoundException(
                $"This system's libstdc++ lacks {Version}, which TorchSharp needs, and the repaired copy '{copy}' could not be written: {e.Message}", e);
        }
    }

    /// <summary>Edits the ELF64 image in place: the version need becomes weak, the symbol unversioned and renamed.</summary>
    internal static void Patch(Span<byte> elf)
    {
        const int sectionVerneed = 0x6ffffffe, sectionVersym = 0x6fffffff, sectionDynsym = 11;
        const ushort weak = 2, global = 1;
        var (dynsym, _) = Section(elf, sectionDynsym);
        var (versym, _) = Section(elf, sectionVersym);
        var (verneed, _) = Section(elf, sectionVerneed);
        var symbols = Header(elf, dynsym);
        var strings = (int)Header(elf, symbols.Link).Offset;

        for (long need = Header(elf, verneed).Offset; ;)
        {
            var record = elf[(int)need..];
            var entry = need + BinaryPrimitives.ReadUInt32LittleEndian(record[8..]);
            for (int i = BinaryPrimitives.ReadUInt16LittleEndian(record[2..]); i > 0; i--)
            {
                var aux = elf[(int)entry..];
                if (StringAt(elf, strings + (int)BinaryPrimitives.ReadUInt32LittleEndian(aux[8..])) == Version)
                    BinaryPrimitives.WriteUInt16LittleEndian(aux[4..], weak);
                entry += BinaryPrimitives.ReadUInt32LittleEndian(aux[12..]);
            }
            var next = BinaryPrimitives.ReadUInt32LittleEndian(record[12..]);
            if (next == 0) break;
            need += next;
        }

        for (var i = 0; i < symbols.Size / 24; i++)
        {
            var name = strings + (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(int)(symbols.Offset + i * 24)..]);
            if (StringAt(elf, name) != Symbol) continue;
            Encoding.ASCII.GetBytes(Harmless + "\0", elf[name..]);
            BinaryPrimitives.WriteUInt16LittleEndian(elf[(int)(Header(elf, versym).Offset + i * 2)..], global);
        }
    }

    private static (int Index, long Offset) Section(ReadOnlySpan<byte> elf, uint type)
    {
        var count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        for (var i = 0; i < count; i++)
            if (Header(elf, i) is var h && h.Type == type) return (i, h.Offset);
        throw new BadImageFormatException($"The ELF image has no section of type 0x{type:x}.");
    }

    private static (uint Type, long Offset, long Size, int Link) Header(ReadOnlySpan<byte> elf, int index)
    {
        var header = elf[(int)(BinaryPrimitives.ReadInt64LittleEndian(elf[40..]) + index * BinaryPrimitives.ReadUInt16LittleEndian(elf[58..]))..];
        return (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]), BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[32..]), (int)BinaryPrimitives.ReadUInt32LittleEndian(header[40..]));
    }

    private static string StringAt(ReadOnlySpan<byte> elf, int offset)
    {
        var tail = elf[offset..];
        return Encoding.ASCII.GetString(tail[..tail.IndexOf((byte)0)]);
    }
}
