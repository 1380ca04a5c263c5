using System.Buffers.Binary;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>Any number of different uploads from one clip: an mp4 may end in a <c>free</c> box, whose bytes no decoder reads.</summary>
internal static class ManyClips
{
    public static async Task<List<byte[]>> MakeAsync(int count, CancellationToken cancellationToken)
    {
        var clip = await File.ReadAllBytesAsync(await SampleClips.MovingSquareAsync("red", toTheRight: true, cancellationToken), cancellationToken);
        return [.. Enumerable.Range(0, count).Select(number =>
        {
            var box = new byte[24];
            BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
            "free"u8.CopyTo(box.AsSpan(4));
            Guid.NewGuid().TryWriteBytes(box.AsSpan(8));
            return (byte[])[.. clip, .. box];
        })];
    }
}
