using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Training.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>Learns which detector is in use. It is told every minute by every worker, so most of the time nothing changes.</summary>
internal sealed class TrackDetectorConsumer(TrainingDbContext database) : IConsumer<DetectorLoaded>
{
    public async Task Consume(ConsumeContext<DetectorLoaded> context)
    {
        var (sha256, at) = (context.Message.Sha256, context.Message.LoadedAt);
        if (await database.Detectors.AnyAsync(d => d.Sha256 == sha256, context.CancellationToken))
        {
            await database.Detectors.Where(d => d.Sha256 == sha256 && d.LoadedAt < at).ExecuteUpdateAsync(set => set.SetProperty(d => d.LoadedAt, at), context.CancellationToken);
            return;
        }
        // Another worker may tell of the same detector this moment: then the row is there when this message is tried again.
        database.Detectors.Add(new DetectorRow { Sha256 = sha256, LoadedAt = at });
        await database.SaveChangesAsync(context.CancellationToken);
    }
}

/// <summary>Where RegionExtraction tells of its detector.</summary>
internal sealed class TrackDetectorDefinition : ConsumerDefinition<TrackDetectorConsumer>
{
    public TrackDetectorDefinition() => EndpointName = QueueNames.TrainingTrackDetector;
}
