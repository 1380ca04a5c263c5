using DemoVlp.Contracts.Training;
using DemoVlp.Messaging;
using MassTransit;

namespace DemoVlp.Training.Runs;

/// <summary>Asks a run to stop; one that has ended or never was stays so.</summary>
internal sealed class CancelTrainingConsumer(RunRequests requests) : IConsumer<CancelTraining>
{
    public Task Consume(ConsumeContext<CancelTraining> context) => requests.CancelAsync(context.Message.RunId, context.CancellationToken);
}

/// <summary>Where the command arrives.</summary>
internal sealed class CancelTrainingDefinition : ConsumerDefinition<CancelTrainingConsumer>
{
    public CancelTrainingDefinition() => EndpointName = QueueNames.TrainingCancel;
}
