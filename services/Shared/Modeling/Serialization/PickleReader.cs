using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// Reads one pickle of any protocol and executes nothing: the only things it can build are plain values, lists, tuples (as arrays), dictionaries and
/// descriptions of tensors and arrays (<see cref="PickleObjects"/>). Every other class or function becomes a <see cref="PickleOpaque"/>.
/// Memory and time are bounded by the pickle's own length, whatever it declares, shares or nests.
/// </summary>
internal sealed partial class PickleReader(Stream stream)
{
    private const int MaximumSteps = 2_000_000, MaximumName = 1000, MaximumLongBytes = 1024;

    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<long, object?> memo = [];
    private readonly byte[] word = new byte[8];
    private readonly PickleObjects objects = new(stream.Length - stream.Position);
    private int steps;

    /// <summary>All storages the pickle referred to, by key.</summary>
    internal Dictionary<string, PickleStorage> Storages => objects.Storages;

    internal static ModelFormatException Malformed(string message, Exception? inner = null) =>
        new("checkpoint-malformed", $"The checkpoint cannot be read: {message}", inner);

    /// <summary>Reads up to and including the pickle's STOP.</summary>
    internal object? Read()
    {
        while (true)
        {
            if (++steps > MaximumSteps) throw Malformed("it has too many parts.");
            var operation = (PickleOp)Byte();
            if (operation == PickleOp.Stop) return Pop();
            Execute(operation);
        }
    }

    private void Execute(PickleOp operation)
    {
        switch (operation)
        {
            case PickleOp.Proto: if (Byte() > 5) throw Malformed("its pickle protocol is unknown."); break;
            case PickleOp.Frame: Word(8); break; // The length of what follows, which is read anyway.

            case PickleOp.Mark: marks.Add(stack.Count); break;
            case PickleOp.Pop: Discard(); break;
            case PickleOp.PopMark: PopMark(); break;
            case PickleOp.Dup: Push(Peek()); break;

            case PickleOp.None: Push(null); break;
            case PickleOp.NewTrue: Push(true); break;
            case PickleOp.NewFalse: Push(false); break;
            case PickleOp.BinInt1: Push((long)Byte()); break;
            case PickleOp.BinInt2: Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Word(2))); break;
            case PickleOp.BinInt: Push((long)BinaryPrimitives.ReadInt32LittleEndian(Word(4))); break;
            case PickleOp.Long1: PushLong(Byte()); break;
            case PickleOp.Long4: PushLong(UInt32()); break;
            case PickleOp.Int: PushInt(Line()); break;
            case PickleOp.Long: PushNumber(Line().TrimEnd('L')); break;
            case PickleOp.BinFloat: Push(BinaryPrimitives.ReadDoubleBigEndian(Word(8))); break;
            case PickleOp.Float: Push(double.TryParse(Line(), NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : throw Malformed("a number is not written as one.")); break;

            case PickleOp.ShortBinUnicode or PickleOp.ShortBinString: Push(Text(Byte())); break;
            case PickleOp.BinUnicode or PickleOp.BinString: Push(Text(UInt32())); break;
            case PickleOp.BinUnicode8: Push(Text(UInt64())); break;
            case PickleOp.Unicode: Push(Escape().Replace(Line(), e => ((char)Convert.ToInt32(e.Groups[1].Value, 16)).ToString())); break;
            case PickleOp.ShortBinBytes: Push(Bytes(Byte())); break;
            case PickleOp.BinBytes: Push(Bytes(UInt32())); break;
            case PickleOp.BinBytes8 or PickleOp.ByteArray8: Push(Bytes(UInt64())); break;

            case PickleOp.EmptyTuple: Push(Array.Empty<object?>()); break;
            case PickleOp.Tuple1: Push(Take(1)); break;
            case PickleOp.Tuple2: Push(Take(2)); break;
            case PickleOp.Tuple3: Push(Take(3)); break;
            case PickleOp.Tuple: Push(PopMark()); break;
            case PickleOp.EmptyList: Push(new List<object?>()); break;
            case PickleOp.List: Push(new List<object?>(PopMark())); break;
            case PickleOp.Append: { var item = Pop(); if (Peek() is List<object?> list) list.Add(item); break; }
            case PickleOp.Appends: { var items = PopMark(); if (Peek() is List<object?> list) list.AddRange(items); break; }
            case PickleOp.EmptyDict: Push(new PickleDictionary()); break;
            case PickleOp.Dict: { var pairs = PopMark(); Push(new PickleDictionary()); SetItems(pairs); break; }
            case PickleOp.SetItem: SetItems(Take(2)); break;
            case PickleOp.SetItems: SetItems(PopMark()); break;
            case PickleOp.EmptySet: Push(new PickleOpaque("set")); break;
            case PickleOp.AddItems: PopMark(); Peek(); break;
            case PickleOp.FrozenSet: PopMark(); Push(new PickleOpaque("frozenset")); break;

            case PickleOp.Put: Put(Index(Line())); break;
            case PickleOp.BinPut: Put(Byte()); break;
            case PickleOp.LongBinPut: Put(UInt32()); break;
            case PickleOp.Memoize: Put(memo.Count); break;
            case PickleOp.Get: Push(Recall(Index(Line()))); break;
            case PickleOp.BinGet: Push(Recall(Byte())); break;
            case PickleOp.LongBinGet: Push(Recall(UInt32())); break;

            case PickleOp.Global: Push(Named(Line(), Line())); break;
            case PickleOp.StackGlobal: { var names = Take(2); Push(Named(names[0] as string, names[1] as string)); break; }
            case PickleOp.BinPersId: Push(objects.Storage(Pop())); break;
            case PickleOp.Reduce or PickleOp.NewObj: { var parts = Take(2); Push(objects.Call(parts[0], parts[1])); break; }
            case PickleOp.NewObjEx: { var parts = Take(3); Push(objects.Call(parts[0], parts[1])); break; }
            case PickleOp.Obj: { var parts = PopMark(); Push(objects.Call(parts.Length > 0 ? parts[0] : null, parts.Skip(1).ToArray())); break; }
            case PickleOp.Inst: { var callable = Named(Line(), Line()); Push(objects.Call(callable, PopMark())); break; }
            case PickleOp.Build: { var state = Pop(); PickleObjects.Complete(Peek(), state as object?[] ?? []); break; }

            // A text of Python's source, references by text, registered extensions, buffers beside the pickle: nothing that is read here was ever written with them.
            case PickleOp.String or PickleOp.PersId or PickleOp.Ext1 or PickleOp.Ext2 or PickleOp.Ext4 or PickleOp.NextBuffer or PickleOp.ReadOnlyBuffer:
                throw Malformed($"its pickle uses the operation {operation}, which no checkpoint needs.");
            default: throw Malformed($"its pickle uses the unknown operation 0x{(byte)operation:x2}.");
        }
    }

    private static PickleOpaque Named(string? module, string? name) =>
        module is { Length: <= MaximumName } && name is { Length: <= MaximumName } ? new PickleOpaque($"{module} {name}") : throw Malformed("it names a function in an unknown way.");

    private void SetItems(object?[] pairs)
    {
        if (pairs.Length % 2 != 0) throw Malformed("a dictionary has a key without a value.");
        if (Peek() is not PickleDictionary dictionary) return;
        for (var i = 0; i < pairs.Length; i += 2) dictionary.Set(pairs[i], pairs[i + 1]);
    }

    private void Push(object? value) => stack.Add(value);

    /// <summary>What stands below the last mark is out of reach until the mark is gone.</summary>
    private int Reachable => stack.Count - (marks.Count > 0 ? marks[^1] : 0);

    private object? Peek() => Reachable > 0 ? stack[^1] : throw Malformed("its pickle ends too early.");

    private object? Pop()
    {
        var value = Peek();
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private void Discard()
    {
        if (Reachable == 0 && marks.Count > 0) marks.RemoveAt(marks.Count - 1);
        else Pop();
    }

    private object?[] Take(int count)
    {
        if (Reachable < count) throw Malformed("its pickle ends too early.");
        var values = new object?[count];
        stack.CopyTo(stack.Count - count, values, 0, count);
        stack.RemoveRange(stack.Count - count, count);
        return values;
    }

    private object?[] PopMark()
    {
        if (marks.Count == 0) throw Malformed("its pickle has an end without a beginning.");
        var values = Take(Reachable);
        marks.RemoveAt(marks.Count - 1);
        return values;
    }

    private void Put(long index) => memo[index] = Peek();

    private object? Recall(long index) => memo.TryGetValue(index, out var value) ? value : throw Malformed("its pickle refers to something that is not there.");

    private static long Index(string line) => uint.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : throw Malformed("its pickle refers to something that is not there.");

    /// <summary>Protocol 0 writes truth values as the numbers 00 and 01.</summary>
    private void PushInt(string line)
    {
        if (line is "00" or "01") Push(line == "01");
        else PushNumber(line);
    }

    private void PushNumber(string line) => PushNumber(BigInteger.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : throw Malformed("a number is not written as one."));

    private void PushLong(long length) => PushNumber(length <= MaximumLongBytes ? new BigInteger(Bytes(length)) : throw Malformed("it holds a number of more than 1024 bytes."));

    /// <summary>Numbers that need more than 64 bits stay <see cref="BigInteger"/>; torch.save writes one, as the mark of its older format.</summary>
    private void PushNumber(BigInteger value) => Push(value >= long.MinValue && value <= long.MaxValue ? (long)value : (object)value);

    private string Text(long length) => Encoding.UTF8.GetString(Bytes(length));

    private string Line()
    {
        var line = new StringBuilder();
        for (var next = Byte(); next != (byte)'\n'; next = Byte())
        {
            if (line.Length >= MaximumName) throw Malformed("a name is too long.");
            line.Append((char)next);
        }
        return line.ToString();
    }

    private byte Byte() => stream.ReadByte() is >= 0 and var value ? (byte)value : throw Malformed("it ends too early.");

    private ReadOnlySpan<byte> Word(int length)
    {
        var span = word.AsSpan(0, length);
        return stream.ReadAtLeast(span, length, throwOnEndOfStream: false) == length ? span : throw Malformed("it ends too early.");
    }

    private long UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Word(4));

    private long UInt64() => BinaryPrimitives.ReadInt64LittleEndian(Word(8));

    private byte[] Bytes(long length)
    {
        // The declared length counts for nothing before the stream is known to hold it.
        if (length < 0 || length > Math.Min(stream.Length - stream.Position, Array.MaxLength)) throw Malformed("it ends too early.");
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    [GeneratedRegex(@"\\u([0-9a-fA-F]{4})")]
    private static partial Regex Escape();
}
