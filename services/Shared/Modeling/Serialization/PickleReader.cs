using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// Reads one pickle (protocols 2 to 4, as torch.save writes them) and executes nothing: the only things it can build are plain values, lists,
/// tuples (as arrays), dictionaries and descriptions of tensors. Every other class or function becomes a <see cref="PickleOpaque"/>.
/// </summary>
internal sealed class PickleReader(Stream stream)
{
    private const int MaximumItems = 5_000_000;
    private static readonly object Mark = new();

    private readonly List<object?> stack = [];
    private readonly Dictionary<long, object?> memo = [];
    private int steps;

    /// <summary>All storages the pickle referred to, by key.</summary>
    internal Dictionary<string, PickleStorage> Storages { get; } = new(StringComparer.Ordinal);

    internal static ModelFormatException Malformed(string message, Exception? inner = null) =>
        new("checkpoint-malformed", $"The checkpoint cannot be read: {message}", inner);

    /// <summary>Reads up to and including the pickle's STOP.</summary>
    internal object? Read()
    {
        while (true)
        {
            if (++steps > MaximumItems) throw Malformed("it has too many parts.");
            var code = Byte();
            if (code == (byte)'.') return Pop();
            Execute(code);
        }
    }

    private void Execute(byte code)
    {
        switch ((char)code)
        {
            case '\x80': if (Byte() is < 2 or > 4) throw Malformed("its pickle protocol is unknown."); break;
            case '\x95': Bytes(8); break; // FRAME: the length of what follows, which is read anyway.
            case '(': Push(Mark); break;
            case '0': Pop(); break;
            case '1': PopMark(); break;
            case '2': Push(Peek()); break;
            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'K': Push((long)Byte()); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2))); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4))); break;
            case '\x8a': PushLong(Byte()); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8))); break;
            case 'X': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
            case '\x8c': Push(Text(Byte())); break;
            case 'U': Push(Text(Byte())); break;
            case 'T': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
            case 'C': Push(Bytes(Byte())); break;
            case 'B': Push(Bytes(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
            case ')': Push(Array.Empty<object?>()); break;
            case '\x85': Push(Take(1)); break;
            case '\x86': Push(Take(2)); break;
            case '\x87': Push(Take(3)); break;
            case 't': Push(PopMark()); break;
            case ']': Push(new List<object?>()); break;
            case 'l': Push(PopMark().ToList()); break;
            case 'a': Append([Pop()]); break;
            case 'e': Append(PopMark()); break;
            case '}': Push(new PickleDictionary()); break;
            case 'd': PushDictionary(PopMark()); break;
            case 's': SetItems(Take(2)); break;
            case 'u': SetItems(PopMark()); break;
            case '\x8f': Push(new PickleOpaque("set")); break;
            case '\x90': PopMark(); break;
            case 'q': Put(Byte()); break;
            case 'r': Put(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))); break;
            case '\x94': Put(memo.Count); break;
            case 'h': Push(Get(Byte())); break;
            case 'j': Push(Get(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
            case 'c': Push(new PickleOpaque($"{Line()} {Line()}")); break;
            case '\x93': { var name = Pop() as string; Push(new PickleOpaque($"{Pop() as string} {name}")); break; }
            case 'Q': Push(Storage(Pop())); break;
            case 'R':
            case '\x81': { var arguments = Pop(); Push(Build(Pop(), arguments as object?[] ?? [])); break; }
            case 'b': { var state = Pop(); Complete(Peek(), state as object?[] ?? []); break; }
            default: throw Malformed($"its pickle uses the operation 0x{code:x2}, which no checkpoint needs.");
        }
    }

    /// <summary>The closed list of what a call in a pickle may make.</summary>
    private static object? Build(object? callable, object?[] arguments) => (callable as PickleOpaque)?.Name switch
    {
        "collections OrderedDict" => new PickleDictionary(),
        "torch Size" => arguments is [object?[] sizes] ? sizes : arguments,
        "torch._utils _rebuild_parameter" when arguments is [PickleTensor value, ..] => value,
        "torch._utils _rebuild_tensor_v2" when arguments is [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..] =>
            new PickleTensor(storage, offset, Numbers(shape), Numbers(strides)),
        "_codecs encode" when arguments is [string text, "latin1"] => Encoding.Latin1.GetBytes(text), // Bytes in protocol 2.
        "numpy dtype" when arguments is [string name, ..] => new PickleElementType(name.TrimStart('<', '|', '=')) { BigEndian = name.StartsWith('>') },
        "numpy.core.multiarray _reconstruct" or "numpy._core.multiarray _reconstruct" => new PickleArray(),
        "numpy.core.multiarray scalar" or "numpy._core.multiarray scalar" when arguments is [PickleElementType { BigEndian: false } type, byte[] value] => new PickleArray { DType = type.Name, Data = value },
        { } name => new PickleOpaque(name),
        null => throw Malformed("it calls something that is no function."),
    };

    /// <summary>State of an object. Only numpy's arrays and element types need theirs; all others are opaque or complete without it.</summary>
    private static void Complete(object? target, object?[] state)
    {
        if (target is PickleElementType element && state is [long, string order, ..]) element.BigEndian = order == ">";
        if (target is not PickleArray array || state is not [long, object?[] shape, PickleElementType type, bool columnMajor, _]) return;
        if (type.BigEndian || (columnMajor && shape.Length > 1)) throw Malformed("an array has its values in an order that is not read.");
        (array.DType, array.Shape) = (type.Name, Numbers(shape));
        if (state[4] is byte[] data) array.Data = data;
        else if (state[4] is List<object?> items) array.Items = items;
    }

    private object Storage(object? id)
    {
        if (id is not object?[] { Length: >= 5 } parts || parts[0] is not "storage" || parts[1] is not PickleOpaque type || parts[2] is not string key || parts[4] is not long elements)
            throw Malformed("it refers to a tensor's bytes in an unknown way.");
        var dtype = type.Name switch
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

    private static long[] Numbers(object?[] values) => [.. values.Select(v => v is long number ? number : throw Malformed("a tensor's shape holds something else than numbers."))];

    private void Append(object?[] values)
    {
        if (Peek() is List<object?> list) list.AddRange(values);
    }

    private void PushDictionary(object?[] pairs)
    {
        Push(new PickleDictionary());
        SetItems(pairs);
    }

    private void SetItems(object?[] pairs)
    {
        if (pairs.Length % 2 != 0) throw Malformed("a dictionary has a key without a value.");
        if (Peek() is not PickleDictionary dictionary) return;
        for (var i = 0; i < pairs.Length; i += 2) dictionary.Set(pairs[i], pairs[i + 1]);
    }

    private void Push(object? value) => stack.Add(value);

    private object? Peek() => stack.Count > 0 ? stack[^1] : throw Malformed("its pickle ends too early.");

    private object? Pop()
    {
        var value = Peek();
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private object?[] Take(int count)
    {
        if (stack.Count < count) throw Malformed("its pickle ends too early.");
        var values = stack.GetRange(stack.Count - count, count).ToArray();
        stack.RemoveRange(stack.Count - count, count);
        return values;
    }

    private object?[] PopMark()
    {
        var mark = stack.LastIndexOf(Mark);
        if (mark < 0) throw Malformed("its pickle has an end without a beginning.");
        var values = Take(stack.Count - mark - 1);
        stack.RemoveAt(mark);
        return values;
    }

    private void Put(long index) => memo[index] = Peek();

    private object? Get(long index) => memo.TryGetValue(index, out var value) ? value : throw Malformed("its pickle refers to something that is not there.");

    /// <summary>Numbers that need more than 64 bits stay <see cref="BigInteger"/>; torch.save writes one, as the mark of its older format.</summary>
    private void PushLong(int length)
    {
        var value = new BigInteger(Bytes(length));
        if (value >= long.MinValue && value <= long.MaxValue) Push((long)value);
        else Push(value);
    }

    private string Text(long length) => Encoding.UTF8.GetString(Bytes(length));

    private string Line()
    {
        var line = new StringBuilder();
        for (var next = Byte(); next != (byte)'\n'; next = Byte())
        {
            if (line.Length > 1000) throw Malformed("a name is too long.");
            line.Append((char)next);
        }
        return line.ToString();
    }

    private byte Byte() => stream.ReadByte() is >= 0 and var value ? (byte)value : throw Malformed("it ends too early.");

    private byte[] Bytes(long length)
    {
        // The declared length counts for nothing before the stream is known to hold it.
        if (length > stream.Length - stream.Position) throw Malformed("it ends too early.");
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
