using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Testing;
using MassTransit;

namespace DemoVlp.Catalog.Tests;

/// <summary>What the catalog makes of services that break, each at its own queue.</summary>
public sealed class FaultTests : IAsyncDisposable
{
    private readonly CatalogHost host = new(others: bus =>
    {
        bus.AddConsumer<Broken<VideoUploaded>>().Endpoint(endpoint => endpoint.Name = QueueNames.FramesSample);
        bus.AddConsumer<Broken<FramesSampled>>().Endpoint(endpoint => endpoint.Name = QueueNames.RegionsExtract);
        bus.AddConsumer<Broken<RegionsExtracted>>().Endpoint(endpoint => endpoint.Name = "somebody-else");
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Fault_WhenAServiceGivesUp_FailsTheVideosWhoseTurnItWasAndTellsNobodyTheException()
    {
        using var client = host.Client();
        var sampling = (await client.UploadedAsync()).Id;
        var goneOn = (await client.UploadedAsync()).Id;
        await host.Harness.Bus.Publish(Events.Regions(goneOn), Token);
        await Eventually.TrueAsync("it is embedding", async _ => (await host.RowAsync(goneOn)).Status == VideoStatus.Embedding, Token);
        await host.Harness.Bus.Publish(Events.Frames(goneOn), Token);

        await Eventually.TrueAsync("one has failed", async _ => (await host.RowAsync(sampling)).Status == VideoStatus.Failed, Token);
        await Eventually.TrueAsync("the faults of the other are known", () =>
            host.Consumed<Fault<VideoUploaded>>(m => m.Message.VideoId == goneOn) + host.Consumed<Fault<FramesSampled>>(m => m.Message.VideoId == goneOn)
                + host.Consumed<Fault<RegionsExtracted>>(m => m.Message.VideoId == goneOn) == 3, Token);

        var failure = (await client.GetVideoAsync(sampling)).Failure;
        Assert.Equal(FailureCodes.Internal, failure?.Code);
        Assert.DoesNotContain("disk", failure?.Detail, StringComparison.Ordinal);
        Assert.Equal(VideoStatus.Embedding, (await host.RowAsync(goneOn)).Status);
    }

    private sealed class Broken<T> : IConsumer<T> where T : class
    {
        public Task Consume(ConsumeContext<T> context) => throw new IOException("disk full");
    }
}
