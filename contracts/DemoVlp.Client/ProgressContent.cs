using System.Net;
using System.Net.Http.Headers;

namespace DemoVlp.Client;

/// <summary>A stream as a request body that tells how far it has been sent.</summary>
internal sealed class ProgressContent : HttpContent
{
    private readonly Stream source;
    private readonly IProgress<long>? progress;
    private readonly long start;

    public ProgressContent(Stream source, IProgress<long>? progress)
    {
        this.source = source;
        this.progress = progress;
        start = source.CanSeek ? source.Position : 0;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // A connection that broke before the answer may make the handler send the body again.
        if (source.CanSeek) source.Position = start;
        var buffer = new byte[1 << 17];
        long sent = 0;
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            progress?.Report(sent += read);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = source.CanSeek ? source.Length - start : 0;
        return source.CanSeek;
    }
}
