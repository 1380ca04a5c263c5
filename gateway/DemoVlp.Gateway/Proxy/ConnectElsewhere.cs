using Yarp.ReverseProxy.Forwarder;

namespace DemoVlp.Gateway.Proxy;

/// <summary>
/// Takes another replica if no connection to the chosen one could be opened. Nothing was sent then, so this is safe for POST too;
/// a request that was sent is never sent again.
/// </summary>
internal sealed class ConnectElsewhere(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var proxy = context.GetReverseProxyFeature();
        var left = proxy.AvailableDestinations;
        await next(context);
        while (CouldNotConnect(context) && proxy.ProxiedDestination is { } dead)
        {
            left = [.. left.Where(destination => destination != dead)];
            if (left.Count == 0) return;
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.StatusCode = StatusCodes.Status200OK;
            proxy.AvailableDestinations = left;
            proxy.ProxiedDestination = null;
            await next(context);
        }
    }

    private static bool CouldNotConnect(HttpContext context) =>
        !context.Response.HasStarted && context.Features.Get<IForwarderErrorFeature>() is
        {
            Error: ForwarderError.Request,
            Exception: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError }
        };
}
