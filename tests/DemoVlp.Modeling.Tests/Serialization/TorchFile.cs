using System.IO.Compression;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Serialization;

/// <summary>Writes what <c>torch.save</c> writes: a dictionary of float32 tensors, at the root or under a key.</summary>
internal static class TorchFile
{
    internal static string Write(string path, IEnumerable<(string Name, Tensor Value)> tensors, string? under = null)
    {
        var items = tensors.ToList();
        var pickle = new PickleAssembler().Op("\x80\x02");
        if (under is not null) pickle.Op("}").Text(under);
        pickle.Global("collections", "OrderedDict").Op(")R(");
        for (var i = 0; i < items.Count; i++)
        {
            var shape = items[i].Value.shape.Select(s => (int)s).ToArray();
            var strides = new int[shape.Length];
            for (int d = shape.Length - 1, stride = 1; d >= 0; stride *= shape[d--]) strides[d] = stride;
            pickle.Text(items[i].Name).Tensor("FloatStorage", (int)items[i].Value.numel(), shape, strides, $"{i}");
        }
        pickle.Op(under is null ? "u." : "us.");

        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        Add("archive/data.pkl", pickle.ToArray());
        for (var i = 0; i < items.Count; i++) Add($"archive/data/{i}", items[i].Value.contiguous().bytes.ToArray());
        return path;

        void Add(string name, byte[] content)
        {
            using var entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }
    }
}
