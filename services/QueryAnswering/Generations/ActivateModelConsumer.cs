using DemoVlp.Contracts.Models;
using DemoVlp.Messaging;
using DemoVlp.QueryAnswering.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.QueryAnswering.Generations;

/// <summary>A model is to answer: notes it and acknowledges; <see cref="IndexBuilder"/> does the work. An activation already carried out is answered again.</summary>
internal sealed class ActivateModelConsumer(QueryDbContext database, BuildSignal signal, ILogger<ActivateModelConsumer> log) : IConsumer<ModelActivated>
{
    public async Task Consume(ConsumeContext<ModelActivated> context)
    {
        var (asked, token) = (context.Message, context.CancellationToken);
        if (asked.Task is not (ModelTasks.Retrieval or ModelTasks.QuestionAnswering))
        {
            await context.Publish(new IndexRebuildFailed
            {
                ActivationId = asked.ActivationId, ModelVersion = asked.ModelVersion, Code = "unknown-task", Detail = $"There is no task '{asked.Task}'.",
            });
            return;
        }
        if (await database.Generations.AsNoTracking().SingleOrDefaultAsync(g => g.ActivationId == asked.ActivationId, token) is { } known)
        {
            await AnswerAgainAsync(context, known);
            return;
        }
        var activatedAt = asked.ActivatedAt.ToUniversalTime();
        await using var transaction = await database.Database.BeginTransactionAsync(token);
        if (await database.Generations.AnyAsync(g => g.Task == asked.Task && g.ActivatedAt > activatedAt, token))
        {
            log.LogInformation("Activation {Activation} of {Model} is older than the last and ignored.", asked.ActivationId, asked.ModelVersion);
            return;
        }
        // What was still being built is wanted no more.
        await database.Generations.Where(g => g.Task == asked.Task && g.State == GenerationState.Building)
            .ExecuteUpdateAsync(set => set.SetProperty(g => g.State, GenerationState.Superseded).SetProperty(g => g.EndedAt, DateTime.UtcNow), token);
        database.Generations.Add(new GenerationRow
        {
            Task = asked.Task, ActivationId = asked.ActivationId, ActivatedAt = activatedAt, ModelVersion = asked.ModelVersion, ModelDirectory = asked.ModelDirectory,
        });
        await database.SaveChangesAsync(token);
        await transaction.CommitAsync(token);
        signal.Set();
    }

    private async Task AnswerAgainAsync(ConsumeContext<ModelActivated> context, GenerationRow known)
    {
        if (known.State == GenerationState.Active) await Answers.TellAsync(known, database, context, context.CancellationToken);
        else if (known.State == GenerationState.Failed) await context.Publish(Answers.Failed(known));
        else if (known.State == GenerationState.Building) signal.Set();
    }
}

internal sealed class ActivateModelConsumerDefinition : ConsumerDefinition<ActivateModelConsumer>
{
    public ActivateModelConsumerDefinition()
    {
        EndpointName = QueueNames.QueryActivateModel;
        ConcurrentMessageLimit = 1;
    }
}

/// <summary>Wakes the builder of this process; those of others look for work by themselves.</summary>
internal sealed class BuildSignal : IDisposable
{
    private readonly SemaphoreSlim signal = new(0, 1);

    public void Set()
    {
        try
        {
            signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is set already: once is enough.
        }
    }

    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => signal.WaitAsync(atMost, cancellationToken);

    public void Dispose() => signal.Dispose();
}
