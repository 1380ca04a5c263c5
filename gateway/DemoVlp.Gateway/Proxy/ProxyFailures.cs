using DemoVlp.ServiceDefaults;
using Yarp.ReverseProxy.Forwarder;

namespace DemoVlp.Gateway.Proxy;

/// <summary>Says in problem details why a request could not be forwarded.</summary>
internal sealed class ProxyFailures(RequestDelegate next, ILogger<ProxyFailures> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Features.Get<IForwarderErrorFeature>() is not { } failure) return;
        var service = context.GetReverseProxyFeature().Cluster.Config.ClusterId;
        if (!context.RequestAborted.IsCancellationRequested)
            logger.LogWarning("{Method} {Path} could not be forwarded to {Service}: {Error} {Reason}",
                context.Request.Method, context.Request.Path, service, failure.Error, Innermost(failure.Exception)?.Message);
        // Cancelled requests are the front's (time is up) or nobody's (the client has gone).
        if (context.Response.HasStarted || failure.Error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled) return;

        var problem = failure switch
        {
            { Exception: var e } when StatusOf(e) == 413 => ApiProblem.Create(413, "too-large", "The request is larger than allowed."),
            { Error: ForwarderError.NoAvailableDestinations } => ApiProblem.Create(503, "unavailable", $"No instance of {service} is there to answer."),
            { Error: ForwarderError.RequestTimedOut } => ApiProblem.Create(504, "timeout", $"{service} did not answer in time."),
            { Error: ForwarderError.RequestBodyClient } => ApiProblem.Create(400, "bad-request", "The request's body ended early."),
            _ => ApiProblem.Create(502, "bad-gateway", $"{service} could not be reached, or broke the connection off."),
        };
        if (problem.StatusCode is 502 or 503) context.Response.Headers.RetryAfter = "5";
        await problem.ExecuteAsync(context);
    }

    private static int? StatusOf(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
            if (exception is BadHttpRequestException bad) return bad.StatusCode;
        return null;
    }

    private static Exception? Innermost(Exception? exception) => exception?.GetBaseException();
}
