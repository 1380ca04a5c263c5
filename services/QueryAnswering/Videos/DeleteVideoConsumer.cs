using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Index;
using MassTransit;

namespace DemoVlp.QueryAnswering.Videos;

/// <summary>Takes a deleted video out of every answer at once, and leaves a tombstone.</summary>
internal sealed class DeleteVideoConsumer(QueryDbContext database, EmbeddingStore store) : IConsumer<VideoDeleted>
{
    public async Task Consume(ConsumeContext<VideoDeleted> context)
    {
        if (context.Message.Dataset is not null) return; // a clip of a data set was never in an answer
        await database.EnsureVideoAsync(context.Message.VideoId, context.CancellationToken);
        await store.DeleteVideoAsync(context.Message.VideoId, context.Message.DeletedAt, context.CancellationToken);
    }
}

internal sealed class DeleteVideoConsumerDefinition : ConsumerDefinition<DeleteVideoConsumer>
{
    public DeleteVideoConsumerDefinition() => EndpointName = QueueNames.QueryDeleteVideo;
}
