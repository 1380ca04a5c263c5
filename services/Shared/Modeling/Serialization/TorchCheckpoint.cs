using System.IO.Compression;
using System.Numerics;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Serialization;

/// <summary>
/// A file written by <c>torch.save</c>, in the zip or the older sequential format. Reading builds tensors and plain containers and nothing else
/// (<see cref="PickleReader"/>): a checkpoint from anywhere can be opened, whatever classes it holds.
/// </summary>
public sealed class TorchCheckpoint : IDisposable
{
    private const long SmallTensorBytes = 1 << 20, MaximumPickleBytes = 256 << 20;
    private readonly Stream stream;
    private readonly ZipArchive? archive;
    private readonly string folder = "";
    private readonly Dictionary<string, (long Position, long Elements)> sequential = new(StringComparer.Ordinal);
    private long budget;

    private TorchCheckpoint(Stream stream)
    {
        this.stream = stream;
        try
        {
            // Shared storages are stored once and copied for each tensor; more than this is no model but an attack on the memory.
            budget = 4 * stream.Length + (64 << 20);
            Span<byte> start = stackalloc byte[4];
            var zip = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual("PK\x03\x04"u8);
            stream.Position = 0;
            if (zip) (archive, folder, Root) = OpenZip();
            else Root = OpenSequential();
        }
        catch (Exception e)
        {
            Dispose();
            if (ArchiveEntry.IsDamage(e)) throw PickleReader.Malformed("it is damaged.", e);
            throw;
        }
    }

    /// <summary>
    /// What was saved: null, bool, long, <see cref="BigInteger"/>, double, string, byte[], object?[] (a tuple), List of object?, <see cref="PickleDictionary"/>,
    /// <see cref="PickleTensor"/> or <see cref="PickleOpaque"/>.
    /// </summary>
    public object? Root { get; }

    /// <summary>Opens a file; its tensors are read when asked for.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c>.</exception>
    public static TorchCheckpoint Open(string path) => new(File.OpenRead(path));

    /// <summary>Opens a seekable stream from its start and takes it over: it is closed with the checkpoint, or at once if it is none.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c>.</exception>
    public static TorchCheckpoint Open(Stream stream) => new(stream);

    /// <summary>The value under a path of keys, null if there is none.</summary>
    public object? Find(params object[] path) => path.Aggregate(Root, (value, key) => (value as PickleDictionary)?[key]);

    /// <summary>All tensors of the dictionary under a path (the outermost by default); other entries are left out. The caller disposes them.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c>: a tensor does not fit its bytes, or there is no such dictionary.</exception>
    public IReadOnlyDictionary<string, Tensor> Tensors(params object[] path)
    {
        if (Find(path) is not PickleDictionary dictionary) throw PickleReader.Malformed($"it holds no dictionary '{string.Join('.', path)}'.");
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (key, value) in dictionary)
            if (key is string name && value is PickleTensor tensor) tensors.Add(name, Materialise(tensor));
        return tensors;
    }

    /// <summary>A tensor's numbers, contiguous, on the CPU.</summary>
    /// <exception cref="ModelFormatException"><c>checkpoint-malformed</c>: it does not fit its bytes.</exception>
    public Tensor Materialise(PickleTensor tensor)
    {
        using var scope = NewDisposeScope();
        var (storage, size) = (tensor.Storage, SafetensorsHeader.ElementSize(tensor.Storage.DType));
        var elements = CheckView(tensor);
        if (elements * size > Math.Max(storage.Elements * size, SmallTensorBytes) || (budget -= elements * size + storage.Elements * size) < 0)
            throw PickleReader.Malformed("a tensor is larger than what the file holds for it.");
        var values = empty([storage.Elements], Safetensors.TypeOf(storage.DType));
        try
        {
            ReadBytes(storage, values.bytes);
        }
        catch (Exception e) when (ArchiveEntry.IsDamage(e))
        {
            throw PickleReader.Malformed("it is damaged.", e);
        }
        var view = elements == 0 ? empty(tensor.Shape, values.dtype) : values.as_strided(tensor.Shape, tensor.Strides, tensor.Offset).contiguous().clone();
        return view.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        archive?.Dispose();
        stream.Dispose();
    }

    /// <summary>Number of elements, once every one of them is known to lie in the storage.</summary>
    private static long CheckView(PickleTensor tensor)
    {
        if (tensor.Shape.Length != tensor.Strides.Length || tensor.Shape.Length > 16 || tensor.Offset < 0 || tensor.Storage.Elements is < 0 or > int.MaxValue / 8)
            throw PickleReader.Malformed("a tensor's shape makes no sense.");
        BigInteger elements = 1, extent = 1, last = tensor.Offset;
        for (var i = 0; i < tensor.Shape.Length; i++)
        {
            if (tensor.Shape[i] < 0 || tensor.Strides[i] < 0) throw PickleReader.Malformed("a tensor's shape makes no sense.");
            elements *= tensor.Shape[i];
            extent *= Math.Max(1, tensor.Shape[i]); // An empty tensor's other sizes count too: torch makes strides of them.
            last += (tensor.Shape[i] - 1) * (BigInteger)tensor.Strides[i];
        }
        if (extent > int.MaxValue || (elements > 0 && last >= tensor.Storage.Elements)) throw PickleReader.Malformed("a tensor reaches beyond its bytes.");
        return (long)elements;
    }

    private (ZipArchive, string, object?) OpenZip()
    {
        var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        var pickle = zip.Entries.FirstOrDefault(e => e.FullName.EndsWith("/data.pkl", StringComparison.Ordinal)) ?? throw PickleReader.Malformed("it is a zip file without data.pkl.");
        CheckByteOrder(zip.GetEntry(pickle.FullName[..^"data.pkl".Length] + "byteorder"));
        if (pickle.Length > MaximumPickleBytes) throw PickleReader.Malformed("its pickle is too long.");
        using var source = ArchiveEntry.OpenStored(pickle, stream.Length);
        var bytes = new byte[pickle.Length];
        source.ReadExactly(bytes);
        using var buffer = new MemoryStream(bytes);
        return (zip, pickle.FullName[..^"data.pkl".Length], new PickleReader(buffer).Read());
    }

    /// <summary>torch since 2.1 says in which order the bytes of a number stand.</summary>
    private void CheckByteOrder(ZipArchiveEntry? entry)
    {
        if (entry is null) return;
        using var source = ArchiveEntry.OpenStored(entry, stream.Length);
        if (source.ReadByte() == 'b') throw PickleReader.Malformed("it was written on a big-endian machine.");
    }

    /// <summary>magic, protocol, system, the object, the storages' keys (a pickle each), then per key its number of elements and its bytes.</summary>
    private object? OpenSequential()
    {
        var magic = new BigInteger([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
        if (new PickleReader(stream).Read() is not BigInteger number || number != magic || new PickleReader(stream).Read() is not 1001L)
            throw PickleReader.Malformed("it was not written by torch.save.");
        if ((new PickleReader(stream).Read() as PickleDictionary)?["little_endian"] is false) throw PickleReader.Malformed("it was written on a big-endian machine.");
        var reader = new PickleReader(stream);
        var root = reader.Read();
        if (new PickleReader(stream).Read() is not List<object?> keys) throw PickleReader.Malformed("it lists no storages.");
        var sizes = reader.Storages.ToDictionary(s => s.Key, s => SafetensorsHeader.ElementSize(s.Value.DType), StringComparer.Ordinal);
        Span<byte> count = stackalloc byte[8];
        foreach (var key in keys)
        {
            if (key is not string name || !sizes.TryGetValue(name, out var size)) throw PickleReader.Malformed("it holds bytes of an unknown type.");
            stream.ReadExactly(count);
            var elements = BitConverter.ToInt64(count);
            if (elements < 0 || elements > (stream.Length - stream.Position) / size) throw PickleReader.Malformed("it ends too early.");
            sequential[name] = (stream.Position, elements);
            stream.Position += elements * size;
        }
        return root;
    }

    private void ReadBytes(PickleStorage storage, Span<byte> target)
    {
        if (archive is null)
        {
            if (!sequential.TryGetValue(storage.Key, out var place) || place.Elements != storage.Elements) throw PickleReader.Malformed($"the bytes '{storage.Key}' are missing.");
            stream.Position = place.Position;
            stream.ReadExactly(target);
            return;
        }
        var entry = archive.GetEntry($"{folder}data/{storage.Key}");
        if (entry is null || entry.Length != target.Length) throw PickleReader.Malformed($"the bytes '{storage.Key}' are missing.");
        using var source = ArchiveEntry.OpenStored(entry, stream.Length);
        source.ReadExactly(target);
    }
}
