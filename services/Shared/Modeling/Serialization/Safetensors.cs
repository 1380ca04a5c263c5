using static TorchSharp.torch;

namespace DemoVlp.Modeling.Serialization;

/// <summary>Safetensors files as torch tensors on the CPU.</summary>
public static class Safetensors
{
    /// <summary>Reads every tensor of a file; the caller disposes them (they also belong to the current dispose scope, if there is one).</summary>
    /// <exception cref="ModelFormatException"><c>safetensors-malformed</c>: the file is no valid safetensors file.</exception>
    public static IReadOnlyDictionary<string, Tensor> Load(string path)
    {
        using var stream = File.OpenRead(path);
        var header = SafetensorsHeader.Read(stream);
        var tensors = new Dictionary<string, Tensor>(header.Items.Count, StringComparer.Ordinal);
        foreach (var item in header.Items)
        {
            if (item.End - item.Begin > int.MaxValue) throw SafetensorsHeader.Malformed($"tensor '{item.Name}' is larger than 2 GB.");
            var tensor = empty(item.Shape, TypeOf(item.DType));
            stream.ReadExactly(tensor.bytes);
            tensors.Add(item.Name, tensor);
        }
        return tensors;
    }

    /// <summary>Reads a file's metadata alone.</summary>
    /// <exception cref="ModelFormatException"><c>safetensors-malformed</c>: the file is no valid safetensors file.</exception>
    public static IReadOnlyDictionary<string, string> ReadMetadata(string path)
    {
        using var stream = File.OpenRead(path);
        return SafetensorsHeader.Read(stream).Metadata;
    }

    /// <summary>Writes tensors of any device; values are stored bit for bit.</summary>
    public static void Save(Stream stream, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Writer(tensors, metadata).Write(stream);

    /// <summary>Writes a file under a temporary name and renames it, so that a reader never meets half a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and values.</param>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="keepOrder">Lays the tensors out as given (<see cref="SafetensorsWriter"/>).</param>
    public static void Save(string path, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null, bool keepOrder = false) =>
        Writer(tensors, metadata, keepOrder).WriteFile(path);

    private static SafetensorsWriter Writer(IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata, bool keepOrder = false)
    {
        var writer = new SafetensorsWriter(keepOrder);
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>()) writer.AddMetadata(key, value);
        foreach (var (name, value) in tensors)
        {
            var dtype = NameOf(value.dtype);
            writer.Add(name, dtype, value.shape, value.numel() * SafetensorsHeader.ElementSize(dtype), stream =>
            {
                using var scope = NewDisposeScope();
                stream.Write(value.detach().cpu().contiguous().bytes);
            });
        }
        return writer;
    }

    internal static ScalarType TypeOf(string dtype) => dtype switch
    {
        "F64" => ScalarType.Float64,
        "F32" => ScalarType.Float32,
        "F16" => ScalarType.Float16,
        "BF16" => ScalarType.BFloat16,
        "I64" => ScalarType.Int64,
        "I32" => ScalarType.Int32,
        "I16" => ScalarType.Int16,
        "I8" => ScalarType.Int8,
        "U8" => ScalarType.Byte,
        _ => ScalarType.Bool, // The header lets no other type through.
    };

    private static string NameOf(ScalarType type) => type switch
    {
        ScalarType.Float64 => "F64",
        ScalarType.Float32 => "F32",
        ScalarType.Float16 => "F16",
        ScalarType.BFloat16 => "BF16",
        ScalarType.Int64 => "I64",
        ScalarType.Int32 => "I32",
        ScalarType.Int16 => "I16",
        ScalarType.Int8 => "I8",
        ScalarType.Byte => "U8",
        ScalarType.Bool => "BOOL",
        _ => throw new NotSupportedException($"Safetensors has no type for {type}."),
    };
}
