using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace DemoVlp.Modeling.Tests.Serialization;

/// <summary>Puts pickles together operation by operation, as no honest program would, and wraps them up as torch.save does.</summary>
internal sealed class PickleAssembler
{
    private readonly List<byte> bytes = [];

    /// <summary>Operations without arguments, by their characters.</summary>
    internal PickleAssembler Op(string operations)
    {
        bytes.AddRange(Encoding.Latin1.GetBytes(operations));
        return this;
    }

    internal PickleAssembler Repeat(int times, string operations)
    {
        for (var i = 0; i < times; i++) Op(operations);
        return this;
    }

    internal PickleAssembler Global(string module, string name) => Op($"c{module}\n{name}\n");

    internal PickleAssembler Text(string text) => Op("X").Int32(Encoding.UTF8.GetByteCount(text)).Raw(Encoding.UTF8.GetBytes(text));

    internal PickleAssembler Number(int value) => Op("J").Int32(value);

    internal PickleAssembler Put(int index) => Op("r").Int32(index);

    internal PickleAssembler Get(int index) => Op("j").Int32(index);

    internal PickleAssembler Int32(int value)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, value);
        bytes.AddRange(number);
        return this;
    }

    internal PickleAssembler Int64(long value)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        bytes.AddRange(number);
        return this;
    }

    internal PickleAssembler Raw(byte[] raw)
    {
        bytes.AddRange(raw);
        return this;
    }

    /// <summary>A tensor of a storage.</summary>
    internal PickleAssembler Tensor(string storage, int elements, int[] shape, int[] strides, string key = "0") => Global("torch._utils", "_rebuild_tensor_v2")
        .Op("((").Text("storage").Global("torch", storage).Text(key).Text("cpu").Number(elements).Op("tQ").Number(0).Tuple(shape).Tuple(strides).Op("\x89NtR");

    internal PickleAssembler Tuple(int[] numbers)
    {
        Op("(");
        foreach (var number in numbers) Number(number);
        return Op("t");
    }

    internal byte[] ToArray() => [.. bytes];

    /// <summary>A checkpoint with this pickle and one storage.</summary>
    internal byte[] ToCheckpoint(byte[]? storage = null) => Checkpoint(ToArray(), storage ?? new byte[64]);

    internal static byte[] Checkpoint(byte[] pickle, byte[] storage)
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in new[] { ("archive/data.pkl", pickle), ("archive/data/0", storage), ("archive/version", "3\n"u8.ToArray()) })
            {
                using var entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }
        return file.ToArray();
    }
}
