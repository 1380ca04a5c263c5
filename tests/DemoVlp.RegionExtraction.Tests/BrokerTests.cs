using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.Testing;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SkiaSharp;

namespace DemoVlp.RegionExtraction.Tests;

/// <summary>Two workers on one real queue.</summary>
public sealed class BrokerTests : IDisposable
{
    private static readonly byte[] Jpeg = Frames.Draw(32, 24, SKColors.Black, SKColors.Blue);
    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentQueue<object> heard = new();

    public void Dispose() => folder.Dispose();

    [Fact(Skip = TestRabbitMq.SkipReason, SkipUnless = nameof(TestRabbitMq.IsAvailable), SkipType = typeof(TestRabbitMq))]
    public async Task Workers_WhenVideosAreLong_ShareThemAndDoEachGroupOnce()
    {
        await using var vhost = await TestRabbitMq.CreateVirtualHostAsync(Frames.Token);
        var store = new LocalArtifactStore(folder["store"]);
        // Slow enough that neither is done before the other has begun.
        FakeDetector[] detectors = [new() { Before = _ => Thread.Sleep(20) }, new() { Before = _ => Thread.Sleep(20) }];
        using var first = await StartAsync(vhost.Address, detectors[0], listens: true);
        using var second = await StartAsync(vhost.Address, detectors[1]);
        var videos = new List<FramesSampled>();
        for (var i = 0; i < 6; i++) videos.Add(await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 8)]));

        foreach (var video in videos) await first.Services.GetRequiredService<IBus>().Publish(video, Frames.Token);

        await Eventually.TrueAsync("all are extracted", () => heard.OfType<RegionsExtracted>().Count() == videos.Count, Frames.Token, within: TimeSpan.FromMinutes(1));
        Assert.Equal(videos.Select(v => v.VideoId).Order(), heard.OfType<RegionsExtracted>().Select(m => m.VideoId).Order());
        Assert.Equal(6 * 4, detectors.Sum(d => d.Seen.Count)); // Four groups of two frames each.
        Assert.All(detectors, d => Assert.NotEmpty(d.Seen));
        Assert.Equal(6 * 3, heard.OfType<RegionsProgressed>().Count());
        await Task.WhenAll(first.StopAsync(Frames.Token), second.StopAsync(Frames.Token));
    }

    private async Task<IHost> StartAsync(Uri broker, FakeDetector detector, bool listens = false)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Artifacts:Root"] = folder["store"], ["Bus:Transport"] = BusTransport.RabbitMq, ["Bus:RabbitMq"] = broker.ToString(), ["Compute:Device"] = "cpu",
            ["Regions:MessageBudget"] = "00:00:00", ["Regions:MicroBatch"] = "2", ["Regions:DetectorDirectory"] = folder.Path,
        });
        builder.Services.AddSingleton<IDetectorLoader>(detector).AddSingleton(heard);
        builder.AddRegionExtraction();
        builder.AddMessaging(RegionExtractionModule.AddRegionExtractionConsumers, bus =>
        {
            if (!listens) return;
            bus.AddConsumer<Listener<RegionsExtracted>>().Endpoint(e => e.Name = "test-extracted");
            bus.AddConsumer<Listener<RegionsProgressed>>().Endpoint(e => e.Name = "test-progressed");
        });
        // What is published before the queues are there is lost.
        builder.Services.PostConfigure<MassTransitHostOptions>(options => options.WaitUntilStarted = true);
        var host = builder.Build();
        await host.StartAsync(Frames.Token);
        return host;
    }

    private sealed class Listener<T>(ConcurrentQueue<object> heard) : IConsumer<T> where T : class
    {
        public Task Consume(ConsumeContext<T> context)
        {
            heard.Enqueue(context.Message);
            return Task.CompletedTask;
        }
    }
}
