using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace DemoVlp.Gateway.Limits;

/// <summary>How large a body may be and how long an answer may take.</summary>
internal sealed class RequestLimits(RequestDelegate next, IOptions<GatewayOptions> options)
{
    // Also what a multipart form may add to the file in it: boundaries, title, captions.
    private const long SmallBody = 1 << 20;

    public async Task InvokeAsync(HttpContext context)
    {
        var kind = RequestKinds.Of(context.Request);
        var mostBytes = kind == RequestKind.Upload ? options.Value.MaxUploadBytes + SmallBody : SmallBody;
        if (context.Request.ContentLength > mostBytes)
        {
            await ApiProblem.Create(413, "too-large", $"The request has {context.Request.ContentLength} bytes; {mostBytes} are allowed here.").ExecuteAsync(context);
            return;
        }
        // Bodies that do not tell their length are counted by the server while they are read.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body) body.MaxRequestBodySize = mostBytes;

        if (kind is RequestKind.Plain or RequestKind.Query) await WithTimeLimitAsync(context);
        else await next(context);
    }

    private async Task WithTimeLimitAsync(HttpContext context)
    {
        var client = context.RequestAborted;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(client);
        limit.CancelAfter(options.Value.RequestTimeout);
        context.RequestAborted = limit.Token;
        var gaveUp = false;
        try
        {
            await next(context);
            gaveUp = context.Response.StatusCode >= 400;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !client.IsCancellationRequested && !context.Response.HasStarted)
        {
            gaveUp = true;
        }
        finally
        {
            context.RequestAborted = client;
        }
        if (!gaveUp || !limit.IsCancellationRequested || client.IsCancellationRequested || context.Response.HasStarted) return;
        context.Response.Clear();
        await ApiProblem.Create(504, "timeout", $"There was no answer within {options.Value.RequestTimeout.TotalSeconds:0.#} s.").ExecuteAsync(context);
    }
}
