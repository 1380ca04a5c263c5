using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace DemoVlp.Gateway.Tests;

public sealed class StreamingTests
{
    [Fact]
    public async Task Upload_WhileTheClientStillSends_IsAlreadyReadByTheService()
    {
        var firstBytesArrived = new TaskCompletionSource();
        long received = 0;
        await using var backend = await Backend.StartAsync(async context =>
        {
            var buffer = new byte[1 << 16];
            for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
            {
                received += read;
                firstBytesArrived.TrySetResult();
            }
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);
        // The second half is sent only after the service has seen the first: a gateway that buffers would wait for ever.
        using var content = new TwoParts(new byte[1 << 20], firstBytesArrived.Task, new byte[40 << 20]);

        using var response = await gateway.Http.PostAsync("/api/v1/videos", content, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(41 << 20, received);
    }

    [Fact]
    public async Task Events_WhileTheServiceStillSends_ReachTheClientAtOnce()
    {
        var clientHasFirst = new TaskCompletionSource();
        await using var backend = await Backend.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: one\n\n");
            await context.Response.Body.FlushAsync();
            await clientHasFirst.Task;
            await context.Response.WriteAsync("data: two\n\n");
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        using var response = await gateway.Http.GetAsync($"/api/v1/videos/{Guid.NewGuid()}/events", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var first = await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        clientHasFirst.SetResult();

        Assert.Equal("data: one", first);
        Assert.Equal("\ndata: two\n\n", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Content_WhenARangeIsAsked_ComesWithTheRange()
    {
        await using var backend = await Backend.StartAsync(context =>
            Results.File(Encoding.ASCII.GetBytes("0123456789"), "video/mp4", enableRangeProcessing: true).ExecuteAsync(context));
        await using var gateway = await TestGateway.StartAsync(backend.Address);
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/videos/{Guid.NewGuid()}/content");
        request.Headers.Range = new(3, 5);

        using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.PartialContent, "345"), (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    private sealed class TwoParts(byte[] first, Task between, byte[] second) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(first);
            await stream.FlushAsync();
            await between;
            await stream.WriteAsync(second);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
