using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.RegionExtraction.Tests;
using DemoVlp.Testing;
using MassTransit;
using MassTransit.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(ExtractionHost))]

namespace DemoVlp.RegionExtraction.Tests;

/// <summary>The whole service as it starts, with the built-in detector, a store in a temporary folder and MassTransit's test harness.</summary>
public sealed class ExtractionHost : WebApplicationFactory<RegionExtractionOptions>, IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();

    public ITestHarness Harness => Services.GetRequiredService<ITestHarness>();

    public IArtifactStore Store => Services.GetRequiredService<IArtifactStore>();

    public string PathOf(string key) => folder[key];

    public async ValueTask InitializeAsync()
    {
        using var client = CreateClient();
        await Eventually.TrueAsync("the service is ready", async token => (await client.GetAsync("/health/ready", token)).IsSuccessStatusCode, CancellationToken.None,
            within: TimeSpan.FromMinutes(2));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    public Task PublishAsync(object message) => Harness.Bus.Publish(message, Frames.Token);

    /// <summary>Waits for the <paramref name="count"/>-th message of a kind about a video and returns it.</summary>
    public Task<T> ReceivedAsync<T>(Func<T, bool> about, int count = 1) where T : class => Eventually.ValueAsync($"{count} {typeof(T).Name}",
        _ => Task.FromResult(Services.GetRequiredService<Inbox>().Messages.OfType<T>().Where(about).Skip(count - 1).FirstOrDefault()), Frames.Token);

    protected override void ConfigureWebHost(IWebHostBuilder builder) => builder
        .UseSetting("Artifacts:Root", folder.Path).UseSetting("Compute:Device", "cpu").UseSetting("Regions:MessageBudget", "00:00:00")
        .ConfigureTestServices(services => services.AddSingleton<Inbox>().AddMassTransitTestHarness(bus =>
        {
            bus.AddConsumer<Inbox.Of<RegionsExtracted>>().Endpoint(e => e.Name = "test-extracted");
            bus.AddConsumer<Inbox.Of<VideoProcessingFailed>>().Endpoint(e => e.Name = "test-failed");
            bus.AddConsumer<Inbox.Of<RegionsProgressed>>().Endpoint(e => e.Name = "test-progressed");
            bus.AddConsumer<Inbox.Of<DetectorLoaded>>().Endpoint(e => e.Name = "test-detector");
        }));

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
