using System.Net;
using System.Net.Sockets;

namespace DemoVlp.Testing;

/// <summary>Ports for processes started by tests.</summary>
public static class FreePort
{
    /// <summary>A loopback TCP port that nothing listens on at this moment.</summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
