using System.Net;

namespace DemoVlp.Catalog.Tests.Hosting;

/// <summary>A body that is made while it is sent.</summary>
internal sealed class GeneratedContent(long length, CancellationToken stop) : HttpContent
{
    private long sent;

    /// <summary>Bytes handed to the connection so far.</summary>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>Sends this much and then nothing until the token stops it.</summary>
    public long PauseAfter { get; init; } = long.MaxValue;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var chunk = new byte[1 << 16];
        Random.Shared.NextBytes(chunk);
        while (Sent < length)
        {
            if (Sent >= PauseAfter) await Task.Delay(Timeout.Infinite, stop);
            var next = (int)Math.Min(chunk.Length, length - Sent);
            await stream.WriteAsync(chunk.AsMemory(0, next), stop);
            await stream.FlushAsync(stop);
            Interlocked.Add(ref sent, next);
        }
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }
}
