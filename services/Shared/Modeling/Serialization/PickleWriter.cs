using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// Writes the few things a region file's <c>info</c> consists of, in pickle protocol 3 with the names that every numpy since 1.0 knows:
/// an object array of no dimensions that holds a dictionary of texts, whole numbers and one-dimensional arrays.
/// </summary>
internal sealed class PickleWriter(Stream stream)
{
    /// <summary>A whole pickle: the object array around <paramref name="content"/>.</summary>
    internal void Object(Action<PickleWriter> content)
    {
        Write(PickleOp.Proto, [3]);
        BeginArray("O8", "|", []);
        Write(PickleOp.EmptyList);
        content(this);
        Write(PickleOp.Append);
        EndArray();
        Write(PickleOp.Stop);
    }

    internal void Dictionary(params (string Key, Action Value)[] entries)
    {
        Write(PickleOp.EmptyDict);
        Write(PickleOp.Mark);
        foreach (var (key, value) in entries)
        {
            Text(key);
            value();
        }
        Write(PickleOp.SetItems);
    }

    internal void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Write(PickleOp.BinUnicode, Int32(bytes.Length));
        stream.Write(bytes);
    }

    internal void Number(int value) => Write(PickleOp.BinInt, Int32(value));

    internal void Array<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        BeginArray(NumpyArray.TypeOf<T>(), "<", [values.Length]);
        Write(PickleOp.BinBytes, Int32(values.Length * Marshal.SizeOf<T>()));
        stream.Write(MemoryMarshal.AsBytes(values));
        EndArray();
    }

    /// <summary>_reconstruct(ndarray, (0,), b'b') and the state (1, shape, dtype, in Fortran's order, ...), whose last part follows.</summary>
    private void BeginArray(string dtype, string order, int[] shape)
    {
        Global("numpy.core.multiarray", "_reconstruct");
        Global("numpy", "ndarray");
        Number(0);
        Write(PickleOp.Tuple1);
        Write(PickleOp.ShortBinBytes, [1, (byte)'b']);
        Write(PickleOp.Tuple3);
        Write(PickleOp.Reduce);

        Write(PickleOp.Mark);
        Number(1);
        Write(PickleOp.Mark);
        foreach (var size in shape) Number(size);
        Write(PickleOp.Tuple);
        ElementType(dtype, order);
        Write(PickleOp.NewFalse);
    }

    private void EndArray()
    {
        Write(PickleOp.Tuple);
        Write(PickleOp.Build);
    }

    /// <summary>dtype(name, False, True) and the state (3, byte order, None, None, None, -1, -1, flags); 63 are the flags of objects.</summary>
    private void ElementType(string name, string order)
    {
        Global("numpy", "dtype");
        Text(name);
        Write(PickleOp.NewFalse);
        Write(PickleOp.NewTrue);
        Write(PickleOp.Tuple3);
        Write(PickleOp.Reduce);
        Write(PickleOp.Mark);
        Number(3);
        Text(order);
        for (var i = 0; i < 3; i++) Write(PickleOp.None);
        Number(-1);
        Number(-1);
        Number(name == "O8" ? 63 : 0);
        Write(PickleOp.Tuple);
        Write(PickleOp.Build);
    }

    private void Global(string module, string name) => Write(PickleOp.Global, Encoding.ASCII.GetBytes($"{module}\n{name}\n"));

    private void Write(PickleOp operation, ReadOnlySpan<byte> argument = default)
    {
        stream.WriteByte((byte)operation);
        stream.Write(argument);
    }

    private static byte[] Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
