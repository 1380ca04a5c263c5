using System.Text;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// The closed list of what a call, a state or a reference in a pickle may make: dictionaries, tensors, their storages, numpy's arrays. Nothing else is built, only named.
/// </summary>
/// <param name="pickleBytes">Length of the pickle: what is copied out of it, however often it is referred to, stays within a multiple of this.</param>
internal sealed class PickleObjects(long pickleBytes)
{
    private const int MaximumDimensions = 64;
    private long budget = 4 * pickleBytes + 4096;

    /// <summary>All storages the pickle referred to, by key.</summary>
    internal Dictionary<string, PickleStorage> Storages { get; } = new(StringComparer.Ordinal);

    /// <summary>What a call of something named gives.</summary>
    internal object? Call(object? callable, object? arguments)
    {
        if (callable is not PickleOpaque { Name: var name }) throw PickleReader.Malformed("it calls something that is no function.");
        if (arguments is not object?[] values) throw PickleReader.Malformed("it calls something without arguments.");
        return name switch
        {
            "collections OrderedDict" => Dictionary(values),
            "torch Size" => values is [object?[] sizes] ? sizes : values,
            "torch._utils _rebuild_parameter" when values is [PickleTensor value, ..] => value,
            "torch._utils _rebuild_tensor_v2" when values is [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..] =>
                new PickleTensor(storage, offset, Numbers(shape), Numbers(strides)),
            "_codecs encode" when values is [string text, "latin1"] => Encoded(text),
            "numpy dtype" when values is [string { Length: <= 16 } type, ..] => new PickleElementType(type.TrimStart('<', '|', '=')) { BigEndian = type.StartsWith('>') },
            "numpy.core.multiarray _reconstruct" or "numpy._core.multiarray _reconstruct" => new PickleArray(),
            "numpy.core.multiarray scalar" or "numpy._core.multiarray scalar" when values is [PickleElementType { BigEndian: false } type, byte[] value] =>
                new PickleArray { DType = type.Name, Data = value },
            _ => new PickleOpaque(name),
        };
    }

    /// <summary>State of an object. Only numpy's arrays and element types need theirs; all others are opaque or complete without it.</summary>
    internal static void Complete(object? target, object?[] state)
    {
        if (target is PickleElementType element && state is [long, string order, ..]) element.BigEndian = order == ">";
        if (target is not PickleArray array || state is not [long, object?[] shape, PickleElementType type, bool columnMajor, _]) return;
        if (type.BigEndian || (columnMajor && shape.Length > 1)) throw PickleReader.Malformed("an array has its values in an order that is not read.");
        (array.DType, array.Shape) = (type.Name, Numbers(shape));
        if (state[4] is byte[] data) array.Data = data;
        else if (state[4] is List<object?> items) array.Items = items;
    }

    /// <summary>torch.save's references: ("storage", type, key, device, elements) and, in the older format, the view of another storage, which is none since torch 0.4.</summary>
    internal object Storage(object? id)
    {
        if (id is not object?[] { Length: 5 or 6 } parts || parts[0] is not "storage" || parts[1] is not PickleOpaque type || parts[2] is not string key || parts[4] is not long elements || parts is { Length: 6 } and [.., not null])
            throw PickleReader.Malformed("it refers to a tensor's bytes in an unknown way.");
        // Storages saved on a GPU by torch before 1.6 say so in their type.
        var dtype = type.Name.Replace("torch.cuda ", "torch ", StringComparison.Ordinal) switch
        {
            "torch FloatStorage" => "F32",
            "torch DoubleStorage" => "F64",
            "torch HalfStorage" => "F16",
            "torch BFloat16Storage" => "BF16",
            "torch LongStorage" => "I64",
            "torch IntStorage" => "I32",
            "torch ShortStorage" => "I16",
            "torch CharStorage" => "I8",
            "torch ByteStorage" => "U8",
            "torch BoolStorage" => "BOOL",
            _ => null,
        };
        if (dtype is null) return new PickleOpaque(type.Name);
        var storage = new PickleStorage(key, dtype, elements);
        Storages[key] = storage;
        return storage;
    }

    /// <summary>Empty, or of a list of pairs, as Python 2 wrote it.</summary>
    private PickleDictionary Dictionary(object?[] arguments)
    {
        var dictionary = new PickleDictionary();
        if (arguments is not [List<object?> pairs]) return dictionary;
        Spend(pairs.Count);
        foreach (var pair in pairs)
        {
            if (pair is object?[] { Length: 2 } tuple) dictionary.Set(tuple[0], tuple[1]);
            else if (pair is List<object?> { Count: 2 } list) dictionary.Set(list[0], list[1]);
        }
        return dictionary;
    }

    /// <summary>Bytes in protocol 2.</summary>
    private byte[] Encoded(string text)
    {
        Spend(text.Length);
        return Encoding.Latin1.GetBytes(text);
    }

    private static long[] Numbers(object?[] values)
    {
        if (values.Length > MaximumDimensions) throw PickleReader.Malformed("a tensor has too many dimensions.");
        return [.. values.Select(v => v is long number ? number : throw PickleReader.Malformed("a tensor's shape holds something else than numbers."))];
    }

    /// <summary>A part may be referred to any number of times; without this, copies of one long text would outgrow any memory.</summary>
    private void Spend(long units)
    {
        if ((budget -= units) < 0) throw PickleReader.Malformed("it repeats more than it holds.");
    }
}
