using DemoVlp.Contracts.Training;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;
using MassTransit;

namespace DemoVlp.Training.Runs;

/// <summary>Queues a run and acknowledges: the work itself takes longer than a broker waits.</summary>
internal sealed class StartTrainingConsumer(RunRequests requests) : IConsumer<StartTraining>
{
    public async Task Consume(ConsumeContext<StartTraining> context)
    {
        try
        {
            await requests.QueueAsync(context.Message, context.CancellationToken);
        }
        catch (ApiException reason)
        {
            await requests.RefuseAsync(context.Message, reason, context.CancellationToken);
        }
    }
}

/// <summary>Where the command arrives.</summary>
internal sealed class StartTrainingDefinition : ConsumerDefinition<StartTrainingConsumer>
{
    public StartTrainingDefinition() => EndpointName = QueueNames.TrainingStart;
}
