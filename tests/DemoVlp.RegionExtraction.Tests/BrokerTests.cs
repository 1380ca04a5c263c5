using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.RegionExtraction.Extraction;
using DemoVlp.Testing;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SkiaSharp;

namespace DemoVlp.RegionExtraction.Tests;

/// <summary>Workers on one real queue.</summary>
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
        FakeDetector[] detectors = [new() { Before = (_, _) => Thread.Sleep(20) }, new() { Before = (_, _) => Thread.Sleep(20) }];
        using var listener = await ListenAsync(vhost.Address);
        using var first = await StartAsync(vhost.Address, detectors[0]);
        using var second = await StartAsync(vhost.Address, detectors[1]);
        var videos = new List<FramesSampled>();
        for (var i = 0; i < 6; i++) videos.Add(await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 8)]));

        foreach (var video in videos) await listener.Services.GetRequiredService<IBus>().Publish(video, Frames.Token);

        await Eventually.TrueAsync("all are extracted", () => heard.OfType<RegionsExtracted>().Count() == videos.Count, Frames.Token, within: TimeSpan.FromMinutes(1));
        Assert.Equal(videos.Select(v => v.VideoId).Order(), heard.OfType<RegionsExtracted>().Select(m => m.VideoId).Order());
        Assert.Equal(6 * 4, detectors.Sum(d => d.Seen.Count)); // Four groups of two frames each.
        Assert.All(detectors, d => Assert.NotEmpty(d.Seen));
        Assert.Equal(6 * 3, heard.OfType<RegionsProgressed>().Count());
        await Task.WhenAll(first.StopAsync(Frames.Token), second.StopAsync(Frames.Token), listener.StopAsync(Frames.Token));
    }

    [Theory(Skip = TestRabbitMq.SkipReason, SkipUnless = nameof(TestRabbitMq.IsAvailable), SkipType = typeof(TestRabbitMq))]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_InTheMiddleOfAGroup_LeavesTheVideoToTheNextWorkerWhichDoesTheRest(bool knowsTheToken)
    {
        await using var vhost = await TestRabbitMq.CreateVirtualHostAsync(Frames.Token);
        var store = new LocalArtifactStore(folder["store"]);
        var (busy, told) = (new TaskCompletionSource(), false);
        var stopped = new FakeDetector
        {
            Before = (frames, stopping) =>
            {
                if (frames[0].FrameIndex != 2) return;
                busy.TrySetResult();
                told = stopping.WaitHandle.WaitOne(TimeSpan.FromMinutes(1));
                // Between frames the detector gives up by the token; work that still waited for it is cancelled without one.
                throw knowsTheToken ? new OperationCanceledException(stopping) : new OperationCanceledException();
            },
        };
        using var listener = await ListenAsync(vhost.Address);
        using var first = await StartAsync(vhost.Address, stopped);
        var video = await Frames.StoreAsync(store, 32, 24, [.. Enumerable.Repeat(Jpeg, 6)]);
        await listener.Services.GetRequiredService<IBus>().Publish(video, Frames.Token);
        await busy.Task.WaitAsync(TimeSpan.FromMinutes(1), Frames.Token);

        await first.StopAsync(Frames.Token);

        Assert.True(told, "The stop did not wait for the detector to give up.");
        Assert.Single(store.List(VideoArtifacts.Regions(video.VideoId))); // The group that was finished.
        var next = new FakeDetector();
        using var second = await StartAsync(vhost.Address, next);
        await Eventually.TrueAsync("it is extracted", () => heard.OfType<RegionsExtracted>().Any() && heard.OfType<RegionsProgressed>().Count() > 1, Frames.Token, within: TimeSpan.FromMinutes(1));
        Assert.Equal([[0, 1]], stopped.Seen);
        Assert.Equal([[2, 3], [4, 5]], next.Seen);
        Assert.Equal([2, 4], heard.OfType<RegionsProgressed>().Select(m => m.FramesDone));
        Assert.DoesNotContain(heard, m => m is VideoProcessingFailed or Fault<FramesSampled>);
        await using var file = store.OpenRead(Assert.Single(heard.OfType<RegionsExtracted>()).Regions);
        Assert.Equal(Enumerable.Range(0, 6), RegionFile.Load(file).Frames.Select(f => f.FrameIndex));
        await Task.WhenAll(second.StopAsync(Frames.Token), listener.StopAsync(Frames.Token));
    }

    [Fact(Skip = TestRabbitMq.SkipReason, SkipUnless = nameof(TestRabbitMq.IsAvailable), SkipType = typeof(TestRabbitMq))]
    public async Task Worker_WhenSmallVideosWait_LooksAtTheFramesOfSeveralTogether()
    {
        await using var vhost = await TestRabbitMq.CreateVirtualHostAsync(Frames.Token);
        var store = new LocalArtifactStore(folder["store"]);
        using var free = new ManualResetEventSlim();
        var detector = new FakeDetector { Before = (_, stopping) => free.Wait(TimeSpan.FromMinutes(1), stopping) };
        using var listener = await ListenAsync(vhost.Address);
        using var worker = await StartAsync(vhost.Address, detector);
        var videos = new List<FramesSampled>();
        for (var i = 0; i < 3; i++) videos.Add(await Frames.StoreAsync(store, 32, 24, Jpeg));

        foreach (var video in videos) await listener.Services.GetRequiredService<IBus>().Publish(video, Frames.Token);
        await Eventually.TrueAsync("two wait for the detector", () => worker.Services.GetRequiredService<SharedBatches>().Waiting == 2, Frames.Token);
        free.Set();

        await Eventually.TrueAsync("all are extracted", () => heard.OfType<RegionsExtracted>().Count() == videos.Count, Frames.Token, within: TimeSpan.FromMinutes(1));
        Assert.Equal([1, 2], detector.Seen.Select(frames => frames.Length).Order()); // Two were there before the first was begun with, or came while it was looked at.
        await Task.WhenAll(worker.StopAsync(Frames.Token), listener.StopAsync(Frames.Token));
    }

    private Task<IHost> StartAsync(Uri broker, FakeDetector detector) => StartAsync(broker, builder =>
    {
        builder.Services.AddSingleton<IDetectorLoader>(detector);
        builder.AddRegionExtraction();
        builder.AddMessaging(RegionExtractionModule.AddRegionExtractionConsumers);
    });

    private Task<IHost> ListenAsync(Uri broker) => StartAsync(broker, builder =>
    {
        builder.Services.AddSingleton(heard);
        builder.AddMessaging(bus =>
        {
            bus.AddConsumer<Listener<RegionsExtracted>>().Endpoint(e => e.Name = "test-extracted");
            bus.AddConsumer<Listener<RegionsProgressed>>().Endpoint(e => e.Name = "test-progressed");
            bus.AddConsumer<Listener<VideoProcessingFailed>>().Endpoint(e => e.Name = "test-failed");
            bus.AddConsumer<Listener<Fault<FramesSampled>>>().Endpoint(e => e.Name = "test-faults");
        });
    });

    private async Task<IHost> StartAsync(Uri broker, Action<HostApplicationBuilder> add)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Artifacts:Root"] = folder["store"], ["Bus:Transport"] = BusTransport.RabbitMq, ["Bus:RabbitMq"] = broker.ToString(), ["Compute:Device"] = "cpu",
            ["Regions:MessageBudget"] = "00:00:00", ["Regions:MicroBatch"] = "2", ["Regions:DetectorDirectory"] = folder.Path,
        });
        add(builder);
        builder.Services.PostConfigure<MassTransitHostOptions>(options =>
        {
            // What is published before the queues are there is lost.
            options.WaitUntilStarted = true;
            // In service, work in hand is given 15 seconds to end.
            options.ConsumerStopTimeout = TimeSpan.FromMilliseconds(200);
        });
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
