using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace DemoVlp.Testing;

/// <summary>A virtual host of the broker: queues of one test do not meet those of another.</summary>
public sealed class TestVirtualHost : IAsyncDisposable
{
    private readonly string? name;
    private readonly HttpClient? management;

    internal TestVirtualHost(string? name, Uri address)
    {
        (this.name, Address) = (name, address);
        if (TestRabbitMq.Management is not { } uri) return;
        management = new HttpClient { BaseAddress = new UriBuilder(uri) { UserName = "", Password = "" }.Uri };
        management.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(uri.UserInfo))));
    }

    /// <summary>For <c>Bus:RabbitMq</c>.</summary>
    public Uri Address { get; }

    /// <summary>How many messages each queue holds, delivered ones that are not acknowledged yet included. The broker counts every few seconds.</summary>
    /// <exception cref="InvalidOperationException">The broker has no management interface (<c>DEMOVLP_RABBITMQ_MANAGEMENT</c>).</exception>
    public async Task<IReadOnlyDictionary<string, long>> QueueDepthsAsync(CancellationToken cancellationToken)
    {
        var client = management ?? throw new InvalidOperationException("DEMOVLP_RABBITMQ_MANAGEMENT is not set.");
        var queues = await client.GetFromJsonAsync<Queue[]>($"api/queues/{Uri.EscapeDataString(Vhost)}", cancellationToken);
        return queues!.ToDictionary(queue => queue.Name, queue => queue.Messages);
    }

    internal async Task CreateAsync(CancellationToken cancellationToken)
    {
        using var created = await management!.PutAsync($"api/vhosts/{name}", null, cancellationToken);
        created.EnsureSuccessStatusCode();
    }

    /// <summary>Deletes it with its queues, whoever is still connected.</summary>
    public async ValueTask DisposeAsync()
    {
        if (management is null) return;
        if (name is not null)
        {
            using var deleted = await management.DeleteAsync($"api/vhosts/{name}");
            deleted.EnsureSuccessStatusCode();
        }
        management.Dispose();
    }

    private string Vhost => name ?? (Uri.UnescapeDataString(Address.AbsolutePath.TrimStart('/')) is { Length: > 0 } path ? path : "/");

    private sealed record Queue(string Name, long Messages);
}
