using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace DemoVlp.Modeling.Serialization;

/// <summary>One array of numpy's <c>.npy</c> format (NEP 1). Object arrays are read by <see cref="PickleReader"/>, which runs nothing.</summary>
public sealed partial class NumpyArray
{
    private NumpyArray(string dtype, long[] shape, byte[] data, object? value) => (DType, Shape, Data, Value) = (dtype, shape, data, value);

    /// <summary>Element type without byte order: <c>f4</c>, <c>f8</c>, <c>i4</c>, <c>i8</c>, ... or <c>O</c>.</summary>
    public string DType { get; }

    /// <summary>Sizes; empty for a scalar.</summary>
    public long[] Shape { get; }

    /// <summary>Little-endian values, row-major; empty for an object array.</summary>
    public byte[] Data { get; }

    /// <summary>The object of an object array with one element, in the types of <see cref="TorchCheckpoint.Root"/>.</summary>
    public object? Value { get; }

    /// <summary>Reads an array from a seekable stream that holds nothing else.</summary>
    /// <exception cref="ModelFormatException"><c>numpy-malformed</c> or <c>checkpoint-malformed</c> (the pickle of an object array).</exception>
    public static NumpyArray Read(Stream stream)
    {
        var start = new byte[10];
        if (stream.ReadAtLeast(start, 10, throwOnEndOfStream: false) < 10 || start[0] != 0x93 || !start.AsSpan(1, 5).SequenceEqual("NUMPY"u8)) throw Malformed("it is no .npy file.");
        if (start[6] != 1) throw Malformed("its version is unknown.");
        var header = new byte[BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8))];
        if (header.Length > stream.Length - stream.Position) throw Malformed("it ends too early.");
        stream.ReadExactly(header);
        var match = Header().Match(Encoding.Latin1.GetString(header));
        if (!match.Success) throw Malformed("its header is unknown.");
        var shape = match.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(s => long.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : throw Malformed("its shape is unknown.")).ToArray();
        if (shape.Length > 32) throw Malformed("it has too many dimensions.");
        if (match.Groups["order"].Value == "True" && shape.Length > 1) throw Malformed("its values stand column by column.");
        var dtype = match.Groups["type"].Value;
        return dtype == "O" ? ReadObject(stream, shape) : new NumpyArray(dtype, shape, ReadValues(stream, dtype, shape), null);
    }

    /// <summary>Writes an array as <c>numpy.save</c> does.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="values">Values, row-major: float, double, long or int.</param>
    /// <param name="shape">Sizes; none for a scalar.</param>
    public static void Write<T>(Stream stream, ReadOnlySpan<T> values, params long[] shape) where T : unmanaged
    {
        if (shape.Aggregate(1L, (product, size) => checked(product * size)) != values.Length) throw new ArgumentException($"{values.Length} values do not fit the shape [{string.Join(", ", shape)}].", nameof(shape));
        WriteHeader(stream, "<" + TypeOf<T>(), shape);
        stream.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Version 1.0, padded so that the values begin at a multiple of 64 bytes.</summary>
    internal static void WriteHeader(Stream stream, string dtype, params long[] shape)
    {
        var sizes = string.Join(", ", shape) + (shape.Length == 1 ? "," : "");
        var text = $"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({sizes}), }}";
        text = text.PadRight((10 + text.Length + 1 + 63) / 64 * 64 - 11) + "\n";
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. Encoding.Latin1.GetBytes(text)]);
    }

    /// <summary>The values as <typeparamref name="T"/>.</summary>
    /// <exception cref="ModelFormatException"><c>numpy-malformed</c>: they have another type.</exception>
    public T[] Values<T>() where T : unmanaged => Values<T>(DType, Data);

    internal static T[] Values<T>(string dtype, byte[] data) where T : unmanaged
    {
        var expected = TypeOf<T>();
        if (dtype != expected || data.Length % Marshal.SizeOf<T>() != 0) throw Malformed($"an array holds {dtype}, not {expected}.");
        return MemoryMarshal.Cast<byte, T>(data).ToArray();
    }

    internal static string TypeOf<T>() => typeof(T) == typeof(float) ? "f4" : typeof(T) == typeof(double) ? "f8" : typeof(T) == typeof(long) ? "i8" : typeof(T) == typeof(int) ? "i4"
        : throw new NotSupportedException($"Arrays of {typeof(T).Name} are not known.");

    internal static ModelFormatException Malformed(string message) => new("numpy-malformed", $"The numpy array cannot be read: {message}");

    private static byte[] ReadValues(Stream stream, string dtype, long[] shape)
    {
        if (!int.TryParse(dtype.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size is < 1 or > 16) throw Malformed("its type is unknown.");
        var bytes = shape.Aggregate((System.Numerics.BigInteger)size, (product, s) => product * s);
        if (bytes != stream.Length - stream.Position) throw Malformed("its values do not fit its shape.");
        var data = new byte[(long)bytes];
        stream.ReadExactly(data);
        return data;
    }

    private static NumpyArray ReadObject(Stream stream, long[] shape)
    {
        if (new PickleReader(stream).Read() is not PickleArray { Items: [var value] }) throw Malformed("it holds not one object.");
        return new NumpyArray("O", shape, [], value);
    }

    [GeneratedRegex(@"^\{'descr': '[<|=](?<type>[a-zA-Z]\d*)', 'fortran_order': (?<order>True|False), 'shape': \((?<shape>[\d, ]*)\), \}\s*$")]
    private static partial Regex Header();
}
