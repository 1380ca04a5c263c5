using System.Diagnostics;

namespace DemoVlp.Gateway.Access;

/// <summary>Headers of every response: the trace's id, and what keeps a browser from misusing it.</summary>
internal sealed class ResponseHeaders(RequestDelegate next)
{
    public const string TraceId = "X-Trace-Id";

    // A response that is no page of ours: opened on its own, a picture or a film may be shown and nothing may run.
    private const string NoPage = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers[TraceId] = Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers.TryAdd("Content-Security-Policy", NoPage);
            return Task.CompletedTask;
        });
        return next(context);
    }
}
