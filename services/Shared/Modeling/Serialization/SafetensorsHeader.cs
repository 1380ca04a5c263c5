using System.Buffers.Binary;
using System.Text.Json;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// The checked header of a safetensors file (github.com/huggingface/safetensors, "Format"): 8 bytes little-endian length N,
/// N bytes of JSON, then the tensors' bytes without holes. Everything in it is untrusted until <see cref="Read"/> has returned.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own limit for the JSON part.</summary>
    internal const int MaximumBytes = 100_000_000;

    private const int MaximumDimensions = 64;

    internal sealed record Item(string Name, string DType, long[] Shape, long Begin, long End);

    private SafetensorsHeader(Dictionary<string, string> metadata, List<Item> items) => (Metadata, Items) = (metadata, items);

    internal Dictionary<string, string> Metadata { get; }

    /// <summary>The tensors by ascending offset: item i starts where item i-1 ends, and the last ends with the file.</summary>
    internal List<Item> Items { get; }

    internal static int ElementSize(string dtype) => dtype switch
    {
        "F64" or "I64" => 8,
        "F32" or "I32" => 4,
        "F16" or "BF16" or "I16" => 2,
        "I8" or "U8" or "BOOL" => 1,
        _ => 0,
    };

    internal static ModelFormatException Malformed(string message, Exception? inner = null) =>
        new("safetensors-malformed", $"The safetensors file cannot be read: {message}", inner);

    /// <summary>Reads from the start of a seekable stream and leaves it at the first tensor byte.</summary>
    internal static SafetensorsHeader Read(Stream stream)
    {
        var available = stream.Length - stream.Position;
        if (available < 8) throw Malformed("it is shorter than its length field.");
        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaximumBytes) throw Malformed("its header is longer than the 100 MB the format allows.");
        if (length > (ulong)(available - 8)) throw Malformed("its header is longer than the file.");
        var json = new byte[(int)length];
        stream.ReadExactly(json);
        if (json.Length == 0 || json[0] != (byte)'{') throw Malformed("its header is not a JSON object.");
        return Parse(json, available - 8 - json.Length);
    }

    private static SafetensorsHeader Parse(byte[] json, long dataBytes)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var items = new List<Item>();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 4, AllowDuplicateProperties = false });
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                {
                    foreach (var pair in property.Value.EnumerateObject())
                        metadata.Add(pair.Name, pair.Value.ValueKind == JsonValueKind.String ? pair.Value.GetString()! : throw Malformed("its metadata holds a value that is not a string."));
                }
                else
                {
                    items.Add(ParseItem(property.Name, property.Value));
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Malformed("its header is not the JSON the format asks for.", e);
        }

        // An empty tensor may share its offset with the next one, so it must sort first.
        items.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long expected = 0;
        foreach (var item in items)
        {
            if (item.Begin != expected) throw Malformed($"the bytes of tensor '{item.Name}' overlap another tensor or leave a gap.");
            expected = item.End;
        }
        if (expected != dataBytes) throw Malformed($"its tensors take {expected} bytes, but {dataBytes} follow the header.");
        return new SafetensorsHeader(metadata, items);
    }

    private static Item ParseItem(string name, JsonElement value)
    {
        string? dtype = null;
        long[]? shape = null, offsets = null;
        foreach (var field in value.EnumerateObject())
        {
            switch (field.Name)
            {
                case "dtype": dtype = field.Value.GetString(); break;
                case "shape": shape = Numbers(field.Value, name); break;
                case "data_offsets": offsets = Numbers(field.Value, name); break;
                default: throw Malformed($"tensor '{name}' has an unknown field '{field.Name}'.");
            }
        }
        if (dtype is null || shape is null || offsets is not { Length: 2 }) throw Malformed($"tensor '{name}' lacks its type, shape or offsets.");
        var size = ElementSize(dtype);
        if (size == 0) throw Malformed($"tensor '{name}' has the unknown type '{dtype}'.");
        if (shape.Length > MaximumDimensions) throw Malformed($"tensor '{name}' has more than {MaximumDimensions} dimensions.");
        if (offsets[0] > offsets[1]) throw Malformed($"tensor '{name}' ends before it begins.");
        if (ByteCount(shape, size) != offsets[1] - offsets[0]) throw Malformed($"the bytes of tensor '{name}' do not fit its shape.");
        return new Item(name, dtype, shape, offsets[0], offsets[1]);
    }

    /// <summary>Bytes of a tensor, or -1 where the product of its sizes does not fit 63 bits: an empty tensor's other sizes count too, since strides are made of them.</summary>
    private static long ByteCount(long[] shape, int elementSize)
    {
        long bytes = elementSize;
        foreach (var size in shape)
        {
            if (bytes > long.MaxValue / Math.Max(1, size)) return -1;
            bytes *= Math.Max(1, size);
        }
        return shape.Contains(0) ? 0 : bytes;
    }

    private static long[] Numbers(JsonElement array, string name)
    {
        var numbers = new long[array.GetArrayLength()];
        for (var i = 0; i < numbers.Length; i++)
            if (!array[i].TryGetInt64(out numbers[i]) || numbers[i] < 0) throw Malformed($"tensor '{name}' has a size or offset that is no natural number.");
        return numbers;
    }
}
