using System.Runtime.InteropServices;

namespace DemoVlp.Modeling.Serialization;

/// <summary>A safetensors file in memory, read without torch. Files may come from anywhere: each offset, shape and type is checked before a byte is used.</summary>
public sealed class SafetensorsFile
{
    private SafetensorsFile(IReadOnlyDictionary<string, string> metadata, IReadOnlyDictionary<string, SafetensorsEntry> entries) =>
        (Metadata, Entries) = (metadata, entries);

    /// <summary>The file's <c>__metadata__</c>, empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors by key.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>Reads a whole file from the stream's position to its end.</summary>
    /// <exception cref="ModelFormatException"><c>safetensors-malformed</c>: the bytes are no valid safetensors file.</exception>
    public static SafetensorsFile Read(Stream stream)
    {
        if (!stream.CanSeek)
        {
            // A declared size is worth nothing before the bytes have arrived, so the buffer grows with them.
            using var buffer = new MemoryStream();
            stream.CopyTo(buffer);
            buffer.Position = 0;
            return Read(buffer);
        }
        var header = SafetensorsHeader.Read(stream);
        var entries = new Dictionary<string, SafetensorsEntry>(header.Items.Count, StringComparer.Ordinal);
        foreach (var item in header.Items)
        {
            var length = item.End - item.Begin;
            if (length > Array.MaxLength) throw SafetensorsHeader.Malformed($"tensor '{item.Name}' is larger than 2 GB.");
            var data = new byte[length];
            stream.ReadExactly(data);
            entries.Add(item.Name, new SafetensorsEntry(item.Name, item.DType, item.Shape, data));
        }
        return new SafetensorsFile(header.Metadata, entries);
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="ModelFormatException"><c>safetensors-malformed</c>: the file is no valid safetensors file.</exception>
    public static SafetensorsFile ReadFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Read(stream);
    }

    /// <summary>
    /// A tensor's values, row-major. <typeparamref name="T"/> is <c>float</c> (F32, F16 or BF16), <c>double</c> (F64), <c>int</c> (I32),
    /// <c>long</c> (I64) or <c>byte</c> (U8); nothing is converted that could lose a value.
    /// </summary>
    /// <exception cref="ModelFormatException"><c>tensor-missing</c>, or <c>tensor-type</c> if the tensor holds another type.</exception>
    public T[] GetArray<T>(string name) where T : unmanaged
    {
        if (!Entries.TryGetValue(name, out var entry)) throw new ModelFormatException("tensor-missing", $"The file has no tensor '{name}'.");
        var data = entry.Data.Span;
        if (typeof(T) == typeof(float) && entry.DType is "F16" or "BF16") return (T[])(object)Widen(data, entry.DType == "BF16");
        var expected = typeof(T) == typeof(float) ? "F32" : typeof(T) == typeof(double) ? "F64" : typeof(T) == typeof(int) ? "I32"
            : typeof(T) == typeof(long) ? "I64" : typeof(T) == typeof(byte) ? "U8" : throw new NotSupportedException($"Tensors are not read as {typeof(T).Name}.");
        if (entry.DType != expected) throw new ModelFormatException("tensor-type", $"Tensor '{name}' holds {entry.DType}, not {expected}.");
        return MemoryMarshal.Cast<byte, T>(data).ToArray();
    }

    private static float[] Widen(ReadOnlySpan<byte> data, bool brain)
    {
        var values = new float[data.Length / 2];
        if (brain)
        {
            var bits = MemoryMarshal.Cast<byte, ushort>(data);
            for (var i = 0; i < values.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)bits[i] << 16);
        }
        else
        {
            var halves = MemoryMarshal.Cast<byte, Half>(data);
            for (var i = 0; i < values.Length; i++) values[i] = (float)halves[i];
        }
        return values;
    }
}
