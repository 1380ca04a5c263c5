using System.Collections;

namespace DemoVlp.Modeling.Serialization;

/// <summary>Something in a pickle that is neither a tensor nor a plain value: an instance of a class, a function. It is named and never built.</summary>
/// <param name="Name">Module and name as they stand in the file.</param>
public sealed record PickleOpaque(string Name);

/// <summary>A dictionary of a pickle, in its order; keys are strings, numbers or truth values.</summary>
public sealed class PickleDictionary : IEnumerable<KeyValuePair<object, object?>>
{
    private readonly Dictionary<object, object?> values = [];

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
