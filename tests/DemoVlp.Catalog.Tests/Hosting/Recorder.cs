using DemoVlp.Testing;
using MassTransit.Testing;

namespace DemoVlp.Catalog.Tests.Hosting;

/// <summary>Whatever a host has published.</summary>
internal sealed class Recorder(IPublishedMessageList published)
{
    public IReadOnlyList<T> Of<T>(Func<T, bool> about) where T : class
    {
        // Already ended: the list is wanted as it is, not as it may become.
        using var now = new CancellationTokenSource();
        now.Cancel();
        return [.. published.Select<T>(now.Token).Select(message => message.Context.Message).Where(about)];
    }

    public Task WaitAsync<T>(Func<T, bool> about, int atLeast = 1) where T : class => Eventually.TrueAsync(
        $"{atLeast} {typeof(T).Name} published", () => Of(about).Count >= atLeast, TestContext.Current.CancellationToken);
}
