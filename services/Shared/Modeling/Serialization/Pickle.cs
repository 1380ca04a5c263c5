using System.Collections;

namespace DemoVlp.Modeling.Serialization;

/// <summary>Something in a pickle that is neither a tensor nor a plain value: an instance of a class, a function. It is named and never built.</summary>
/// <param name="Name">Module and name as they stand in the file.</param>
public sealed record PickleOpaque(string Name);

/// <summary>A dictionary of a pickle, in its order; keys are strings, numbers or truth values.</summary>
public sealed class PickleDictionary : IEnumerable<KeyValuePair<object, object?>>
{
    private readonly Dictionary<object, object?> values = new(KeyComparer.Instance);

    /// <summary>Number of entries.</summary>
    public int Count => values.Count;

    /// <summary>The value of a key, null if there is none.</summary>
    public object? this[object key] => values.GetValueOrDefault(key);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<object, object?>> GetEnumerator() => values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Set(object? key, object? value)
    {
        // Other keys (tuples, objects) have no equality here and no use in a checkpoint.
        if (key is string or long or bool or double) values[key] = value;
    }

    /// <summary>Numbers hash with the process's own seed: keys made to collide would make reading quadratic.</summary>
    private sealed class KeyComparer : IEqualityComparer<object>
    {
        internal static readonly KeyComparer Instance = new();

        bool IEqualityComparer<object>.Equals(object? x, object? y) => Equals(x, y);

        public int GetHashCode(object key) => key switch
        {
            long number => HashCode.Combine((int)number, (int)(number >> 32)),
            double number => HashCode.Combine((int)BitConverter.DoubleToInt64Bits(number), (int)(BitConverter.DoubleToInt64Bits(number) >> 32)),
            _ => key.GetHashCode(),
        };
    }
}

/// <summary>A storage a pickle refers to: bytes that stand elsewhere in the checkpoint.</summary>
/// <param name="Key">Its name there.</param>
/// <param name="DType">Element type, in safetensors' names.</param>
/// <param name="Elements">Declared number of elements.</param>
public sealed record PickleStorage(string Key, string DType, long Elements);

/// <summary>A tensor of a pickle: a strided view of a storage. Nothing in it is checked before it is materialised.</summary>
/// <param name="Storage">Where the numbers are.</param>
/// <param name="Offset">First element.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Strides">Steps in elements.</param>
public sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);

/// <summary>A numpy array of a pickle; for object arrays <see cref="Items"/>, for all others <see cref="Data"/>.</summary>
public sealed class PickleArray
{
    /// <summary>Element type in numpy's words without byte order, e.g. <c>f4</c>, <c>i8</c>, <c>O8</c>; empty until the pickle has told.</summary>
    public string DType { get; internal set; } = "";

    /// <summary>Sizes.</summary>
    public long[] Shape { get; internal set; } = [];

    /// <summary>Little-endian values, row-major.</summary>
    public byte[] Data { get; internal set; } = [];

    /// <summary>The objects of an object array.</summary>
    public IReadOnlyList<object?> Items { get; internal set; } = [];
}

/// <summary>A numpy element type on its way into a <see cref="PickleArray"/>.</summary>
internal sealed class PickleElementType(string name)
{
    internal string Name { get; } = name;

    internal bool BigEndian { get; set; }
}
