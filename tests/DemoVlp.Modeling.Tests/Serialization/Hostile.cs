using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Serialization;

/// <summary>What any file from outside may do to this process: be read, or be refused in plain words, within memory that its size allows.</summary>
internal static class Hostile
{
    /// <summary>The most that is allocated for a byte of a file (an empty dictionary is one byte long) and for any file at all.</summary>
    private const long PerByte = 400, PerFile = 8 << 20;

    /// <summary>Opens a checkpoint and reads all its tensors.</summary>
    internal static ModelFormatException? Checkpoint(byte[] file) => Check(file, stream =>
    {
        using var checkpoint = TorchCheckpoint.Open(stream);
        foreach (var path in new object[][] { [], ["state_dict"], ["model"] })
        {
            if (checkpoint.Find(path) is not PickleDictionary) continue;
            using var scope = NewDisposeScope();
            var bytes = checkpoint.Tensors(path).Values.Sum(t => t.numel() * t.element_size());
            Assert.True(bytes <= 4 * file.LongLength + (64 << 20), $"{bytes} bytes of tensors came from a file of {file.Length}.");
        }
        if (checkpoint.Root is PickleTensor tensor) checkpoint.Materialise(tensor).Dispose();
    });

    internal static ModelFormatException? Regions(byte[] file) => Check(file, stream => ReferenceRegionFile.ReadStream(stream, 0), extra: 64L << 20);

    internal static ModelFormatException? Safetensors(byte[] file) => Check(file, stream => SafetensorsFile.Read(stream));

    private static ModelFormatException? Check(byte[] file, Action<Stream> read, long extra = 0)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        ModelFormatException? fault = null;
        try
        {
            read(new MemoryStream(file));
        }
        catch (ModelFormatException refused)
        {
            fault = refused;
            Assert.Matches("^[a-z]+(-[a-z]+)+$", refused.Code);
            Assert.EndsWith(".", refused.Message, StringComparison.Ordinal);
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= PerByte * file.LongLength + PerFile + extra, $"{allocated} bytes were allocated for a file of {file.Length}.");
        return fault;
    }
}
