using System.Buffers.Binary;
using Google.Protobuf;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>A number that a run wrote down at a step.</summary>
internal sealed record EventNumber(long Step, string Tag, float Value);

/// <summary>A run's TensorBoard event file as TensorBoard reads it: the numbers of each attempt, since every attempt begins with the version of the format.</summary>
internal static class EventFile
{
    public static List<List<EventNumber>> Read(byte[] file)
    {
        var attempts = new List<List<EventNumber>>();
        // A TFRecord: length, checksum, an event, checksum.
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            var fields = Fields(file.AsMemory(at + 12, length));
            if (fields.Exists(field => field.Number == 3)) attempts.Add([]);
            var step = fields.Find(field => field.Number == 2).Integer;
            foreach (var summary in fields.Where(field => field.Number == 5))
                foreach (var value in Fields(summary.Bytes.Memory).Where(field => field.Number == 1).Select(field => Fields(field.Bytes.Memory)))
                    attempts[^1].Add(new EventNumber(step, value.Find(field => field.Number == 1).Bytes.ToStringUtf8(), value.Find(field => field.Number == 2).Float));
            at += length + 16;
        }
        return attempts;
    }

    private static List<(int Number, long Integer, float Float, ByteString Bytes)> Fields(ReadOnlyMemory<byte> message)
    {
        var fields = new List<(int, long, float, ByteString)>();
        using var reader = new CodedInputStream(message.ToArray());
        while (reader.ReadTag() is var tag and not 0)
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            fields.Add(WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => (number, reader.ReadInt64(), 0, ByteString.Empty),
                WireFormat.WireType.Fixed64 => (number, (long)reader.ReadFixed64(), 0, ByteString.Empty),
                WireFormat.WireType.Fixed32 => (number, 0, reader.ReadFloat(), ByteString.Empty),
                _ => (number, 0, 0, reader.ReadBytes()),
            });
        }
        return fields;
    }
}
