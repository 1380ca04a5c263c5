using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace DemoVlp.Gateway.Proxy;

/// <summary>
/// Makes every address behind a host name a destination, so that the replicas of a compose service share the load. Asked again from time to time.
/// Unlike YARP's own resolver, a name that is not known (yet) does not keep the other services from being reached.
/// </summary>
internal sealed class NameResolver(TimeSpan refresh, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) : IDestinationResolver
{
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve = resolve ?? Dns.GetHostAddressesAsync;

    public async ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(IReadOnlyDictionary<string, DestinationConfig> destinations, CancellationToken cancellationToken)
    {
        var resolved = new Dictionary<string, DestinationConfig>();
        var anyNames = false;
        foreach (var (id, destination) in destinations)
        {
            var address = new Uri(destination.Address);
            if (address.HostNameType != UriHostNameType.Dns || address.IsLoopback)
            {
                resolved[id] = destination;
                continue;
            }
            anyNames = true;
            var found = await FindAsync(address.DnsSafeHost, cancellationToken);
            // Not known: forwarding to the name itself fails with a clear message until it is.
            if (found.Length == 0) resolved[id] = destination;
            foreach (var ip in found)
                resolved[$"{id}[{ip}]"] = destination with { Address = new UriBuilder(address) { Host = ip.ToString() }.Uri.ToString(), Host = address.Authority };
        }
        return new ResolvedDestinationCollection(resolved, anyNames ? new CancellationChangeToken(new CancellationTokenSource(refresh).Token) : null);
    }

    private async Task<IPAddress[]> FindAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await resolve(host, cancellationToken);
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
