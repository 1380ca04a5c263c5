namespace DemoVlp.Modeling.Serialization;

/// <summary>One tensor of a safetensors file: row-major, little-endian bytes.</summary>
public sealed class SafetensorsEntry
{
    internal SafetensorsEntry(string name, string dtype, long[] shape, ReadOnlyMemory<byte> data) =>
        (Name, DType, Shape, Data) = (name, dtype, shape, data);

    /// <summary>The tensor's key.</summary>
    public string Name { get; }

    /// <summary>F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL.</summary>
    public string DType { get; }

    /// <summary>Sizes, outermost first; empty for a scalar.</summary>
    public long[] Shape { get; }

    /// <summary>The values as they stand in the file.</summary>
    public ReadOnlyMemory<byte> Data { get; }
}
