using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.FrameSampling.Tests;
using DemoVlp.Testing;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

[assembly: AssemblyFixture(typeof(SamplingHost))]

namespace DemoVlp.FrameSampling.Tests;

/// <summary>The module on MassTransit's test harness, with a store in a temporary folder.</summary>
public sealed class SamplingHost : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private IHost host = null!;

    public ITestHarness Harness => host.Services.GetRequiredService<ITestHarness>();

    public IArtifactStore Store => host.Services.GetRequiredService<IArtifactStore>();

    public string PathOf(string key) => folder[key];

    public async ValueTask InitializeAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration["Artifacts:Root"] = folder.Path;
        builder.AddFrameSampling();
        builder.Services.AddSingleton<Inbox>();
        builder.Services.AddMassTransitTestHarness(bus =>
        {
            bus.AddFrameSamplingConsumers();
            bus.AddConsumer<Inbox.Of<FramesSampled>>().Endpoint(e => e.Name = "test-sampled");
            bus.AddConsumer<Inbox.Of<VideoProcessingFailed>>().Endpoint(e => e.Name = "test-failed");
        });
        host = builder.Build();
        await host.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
        folder.Dispose();
    }

    /// <summary>Puts a file where Catalog would, without telling anyone.</summary>
    public async Task<VideoUploaded> StoreAsync(string path)
    {
        var id = Guid.NewGuid();
        await using var file = File.OpenRead(path);
        var source = await Store.WriteAsync(VideoArtifacts.Source(id), "application/octet-stream", (stream, token) => file.CopyToAsync(stream, token), Clips.Token);
        return new() { VideoId = id, Source = source, UploadedAt = DateTime.UtcNow };
    }

    public Task PublishAsync(object message) => Harness.Bus.Publish(message, Clips.Token);

    /// <summary>Waits for the <paramref name="count"/>-th message of a kind about a video and returns it.</summary>
    public Task<T> ReceivedAsync<T>(Func<T, bool> about, int count = 1) where T : class => Eventually.ValueAsync($"{count} {typeof(T).Name}",
        _ => Task.FromResult(host.Services.GetRequiredService<Inbox>().Messages.OfType<T>().Where(about).Skip(count - 1).FirstOrDefault()), Clips.Token);

    public sealed class Inbox
    {
        public ConcurrentQueue<object> Messages { get; } = new();

        public sealed class Of<T>(Inbox inbox) : IConsumer<T> where T : class
        {
            public Task Consume(ConsumeContext<T> context)
            {
                inbox.Messages.Enqueue(context.Message);
                return Task.CompletedTask;
            }
        }
    }
}
