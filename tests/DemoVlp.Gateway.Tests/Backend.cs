using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace DemoVlp.Gateway.Tests;

/// <summary>A stand-in for a service: a real server on a free port that is ready and answers as told.</summary>
internal sealed class Backend : IAsyncDisposable
{
    private readonly WebApplication app;

    private Backend(WebApplication app, ConcurrentQueue<string> seen) => (this.app, Seen) = (app, seen);

    /// <summary>Method and path of each request but the health checks.</summary>
    public ConcurrentQueue<string> Seen { get; }

    public string Address => app.Urls.First();

    public static async Task<Backend> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        var seen = new ConcurrentQueue<string>();
        app.Run(context =>
        {
            if (context.Request.Path.StartsWithSegments("/health")) return Task.CompletedTask;
            seen.Enqueue($"{context.Request.Method} {context.Request.Path}");
            return answer(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new Backend(app, seen);
    }

    /// <summary>A service that says its name.</summary>
    public static Task<Backend> NamedAsync(string name) => StartAsync(context => context.Response.WriteAsync(name));

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
