using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.QueryAnswering.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Videos;

/// <summary>Keeps a video's title; the highest revision wins.</summary>
internal sealed class DescribeVideoConsumer(QueryDbContext database) : IConsumer<VideoDescribed>
{
    public async Task Consume(ConsumeContext<VideoDescribed> context)
    {
        var described = context.Message;
        await database.EnsureVideoAsync(described.VideoId, context.CancellationToken);
        var folded = described.Title.ToLowerInvariant();
        await database.Videos.Where(v => v.Id == described.VideoId && v.DeletedAt == null && v.Revision < described.Revision).ExecuteUpdateAsync(set => set
            .SetProperty(v => v.Title, described.Title).SetProperty(v => v.TitleFolded, folded).SetProperty(v => v.Revision, described.Revision), context.CancellationToken);
    }
}

internal sealed class DescribeVideoConsumerDefinition : ConsumerDefinition<DescribeVideoConsumer>
{
    public DescribeVideoConsumerDefinition() => EndpointName = QueueNames.QueryDescribeVideo;
}
