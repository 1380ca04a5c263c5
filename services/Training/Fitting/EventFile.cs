using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;
using Tensorboard;

namespace DemoVlp.Training.Fitting;

/// <summary>
/// A TensorBoard event file: TFRecords (length, checksum of the length, data, checksum of the data; each checksum a masked CRC-32C) of TensorBoard's events.
/// TorchSharp has the messages; its own SummaryWriter is not used, since it writes .NET ticks where TensorBoard reads seconds since 1970.
/// </summary>
internal sealed class EventFile : IDisposable
{
    private const string Version = "brain.Event:2";

    private readonly FileStream file;
    private readonly TimeProvider time;

    /// <summary>Begins a new file.</summary>
    public EventFile(string path, TimeProvider time)
    {
        (file, this.time) = (new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read), time);
        Write(new Event { FileVersion = Version });
    }

    /// <summary>What such files are called, so that TensorBoard finds them.</summary>
    public static string NameAt(DateTimeOffset begin) => $"events.out.tfevents.{begin.ToUnixTimeMilliseconds():D14}.demovlp";

    /// <summary>Adds the numbers of a step.</summary>
    public void Add(int step, IEnumerable<(string Tag, double Value)> scalars)
    {
        var summary = new Summary();
        summary.Value.AddRange(scalars.Select(s => new Summary.Types.Value { Tag = s.Tag, SimpleValue = (float)s.Value }));
        Write(new Event { Step = step, Summary = summary });
    }

    /// <summary>Makes what was added visible to readers of the file.</summary>
    public void Flush() => file.Flush();

    public void Dispose() => file.Dispose();

    /// <summary>The checksum of TFRecords.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data) crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }

    private void Write(Event entry)
    {
        entry.WallTime = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        var data = entry.ToByteArray();
        Span<byte> head = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(head, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], MaskedCrc(head[..8]));
        Span<byte> tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(tail, MaskedCrc(data));
        file.Write(head);
        file.Write(data);
        file.Write(tail);
    }
}
