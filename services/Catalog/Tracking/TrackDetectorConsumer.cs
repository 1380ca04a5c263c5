using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Catalog.Tracking;

/// <summary>Learns which detector is in use. It is told every minute by every worker, so most of the time nothing changes.</summary>
internal sealed class TrackDetectorConsumer(CatalogDbContext database) : IConsumer<DetectorLoaded>
{
    public async Task Consume(ConsumeContext<DetectorLoaded> context)
    {
        var (name, sha256, at) = (context.Message.Name, context.Message.Sha256, Clock.Truncate(context.Message.LoadedAt));
        if (await database.Detectors.AnyAsync(d => d.Sha256 == sha256, context.CancellationToken))
        {
            await database.Detectors.Where(d => d.Sha256 == sha256 && d.LoadedAt < at)
                .ExecuteUpdateAsync(set => set.SetProperty(d => d.LoadedAt, at).SetProperty(d => d.Name, name), context.CancellationToken);
            return;
        }
        // Another worker may tell of the same detector this moment: then the row is there when this message is tried again.
        database.Detectors.Add(new DetectorRow { Sha256 = sha256, Name = name, LoadedAt = at });
        await database.SaveChangesAsync(context.CancellationToken);
    }
}

internal sealed class TrackDetectorDefinition : ConsumerDefinition<TrackDetectorConsumer>
{
    public TrackDetectorDefinition() => EndpointName = QueueNames.CatalogTrackDetector;
}
