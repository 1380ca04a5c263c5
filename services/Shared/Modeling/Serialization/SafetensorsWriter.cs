using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// Writes a safetensors file from arrays, without torch. The same content gives the same bytes, in whatever order it was added:
/// tensors are laid out by element size, largest first, then by name, and the header is padded to 8 bytes, so each tensor is aligned.
/// </summary>
/// <param name="keepOrder">Lays the tensors out as they were added instead, for readers that go by the order; aligned only if all have one element size.</param>
public sealed class SafetensorsWriter(bool keepOrder = false)
{
    private sealed record Item(string Name, string DType, long[] Shape, long Bytes, Action<Stream> Write);

    private readonly List<Item> items = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);

    /// <summary>Adds F32 values, row-major. The array is read when the file is written.</summary>
    public SafetensorsWriter Add(string name, float[] values, params long[] shape) => Add(name, "F32", MemoryMarshal.AsMemory<float>(values), shape);

    /// <summary>Adds F64 values, row-major.</summary>
    public SafetensorsWriter Add(string name, double[] values, params long[] shape) => Add(name, "F64", MemoryMarshal.AsMemory<double>(values), shape);

    /// <summary>Adds I32 values, row-major.</summary>
    public SafetensorsWriter Add(string name, int[] values, params long[] shape) => Add(name, "I32", MemoryMarshal.AsMemory<int>(values), shape);

    /// <summary>Adds I64 values, row-major.</summary>
    public SafetensorsWriter Add(string name, long[] values, params long[] shape) => Add(name, "I64", MemoryMarshal.AsMemory<long>(values), shape);

    /// <summary>Adds U8 values, row-major.</summary>
    public SafetensorsWriter Add(string name, byte[] values, params long[] shape) => Add(name, "U8", MemoryMarshal.AsMemory<byte>(values), shape);

    /// <summary>Adds an entry of the file's metadata.</summary>
    public SafetensorsWriter AddMetadata(string key, string value)
    {
        metadata[key] = value;
        return this;
    }

    /// <summary>Writes the whole file to the stream, which stays open.</summary>
    public void Write(Stream stream)
    {
        var ordered = keepOrder ? items : items.OrderByDescending(i => SafetensorsHeader.ElementSize(i.DType)).ThenBy(i => i.Name, StringComparer.Ordinal).ToList();
        var header = Header(ordered);
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        foreach (var item in ordered) item.Write(stream);
    }

    /// <summary>Writes the whole file under a temporary name and renames it, so that a reader never meets half a file.</summary>
    public void WriteFile(string path)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = File.Create(temporary)) Write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    internal void Add(string name, string dtype, long[] shape, long bytes, Action<Stream> write)
    {
        if (name == "__metadata__" || !names.Add(name)) throw new ArgumentException($"A tensor named '{name}' cannot be added (again).", nameof(name));
        items.Add(new Item(name, dtype, shape, bytes, write));
    }

    private SafetensorsWriter Add<T>(string name, string dtype, Memory<T> values, long[] shape) where T : unmanaged
    {
        var count = shape.Aggregate(1L, (product, size) => checked(product * size));
        if (count != values.Length) throw new ArgumentException($"'{name}' has {values.Length} values, but its shape [{string.Join(", ", shape)}] holds {count}.", nameof(shape));
        Add(name, dtype, shape, count * SafetensorsHeader.ElementSize(dtype), stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
        return this;
    }

    private byte[] Header(List<Item> ordered)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var item in ordered)
            {
                json.WriteStartObject(item.Name);
                json.WriteString("dtype", item.DType);
                json.WriteStartArray("shape");
                foreach (var size in item.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += item.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }
}
