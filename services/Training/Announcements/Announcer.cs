using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Training;
using DemoVlp.Training.Data;
using DemoVlp.Training.Runs;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Announcements;

/// <summary>
/// Publishes what the database says and the bus may not have heard: models, activations that nobody has answered, ends of runs.
/// The rows come first, so that a crash or a broker that is away loses nothing: whatever is still unsaid, the next call says.
/// </summary>
internal sealed partial class Announcer(TrainingDbContext database, IArtifactStore artifacts, IBus bus, TimeProvider time, ILogger<Announcer> log)
{
    private static readonly TimeSpan FirstRepeat = TimeSpan.FromSeconds(15), LongestRepeat = TimeSpan.FromMinutes(5), Patience = TimeSpan.FromSeconds(5);

    /// <summary>Publishes all that is due. A bus that does not take it within seconds is left for the next call.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="repeatAll">Publishes unanswered activations whether due or not: an in-memory bus has forgotten them.</param>
    public async Task AnnounceAsync(CancellationToken cancellationToken, bool repeatAll = false)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await AnnounceModelsAsync(patience.Token);
            await AnnounceActivationsAsync(repeatAll, patience.Token);
            await AnnounceEndsAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogBusAway();
        }
    }

    private async Task AnnounceModelsAsync(CancellationToken cancellationToken)
    {
        foreach (var model in await database.Models.AsNoTracking().Where(m => !m.Announced).ToListAsync(cancellationToken))
        {
            await bus.Publish(new ModelRegistered { ModelVersion = model.Version, Task = model.Task, ModelDirectory = model.Directory }, cancellationToken);
            await database.Models.Where(m => m.Version == model.Version).ExecuteUpdateAsync(set => set.SetProperty(m => m.Announced, true), cancellationToken);
        }
    }

    private async Task AnnounceActivationsAsync(bool repeatAll, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var due = await database.Activations.AsNoTracking().Where(a => a.State == ActivationState.Pending && (repeatAll || a.NextPublishAt <= now))
            .Join(database.Models, a => a.ModelVersion, m => m.Version, (a, m) => new { Activation = a, m.Directory }).ToListAsync(cancellationToken);
        foreach (var (activation, directory) in due.Select(d => (d.Activation, d.Directory)))
        {
            await bus.Publish(new ModelActivated
            {
                ActivationId = activation.Id, ActivatedAt = activation.ActivatedAt, ModelVersion = activation.ModelVersion, Task = activation.Task, ModelDirectory = directory,
            }, cancellationToken);
            var wait = FirstRepeat * Math.Pow(2, Math.Min(activation.Published, 10));
            var next = now + (wait < LongestRepeat ? wait : LongestRepeat);
            await database.Activations.Where(a => a.Id == activation.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(a => a.Published, a => a.Published + 1).SetProperty(a => a.NextPublishAt, next), cancellationToken);
        }
    }

    private async Task AnnounceEndsAsync(CancellationToken cancellationToken)
    {
        foreach (var run in await database.Runs.AsNoTracking().Where(r => r.EndedAt != null && !r.Announced).ToListAsync(cancellationToken))
        {
            // Once more, should the worker have died between the row and the files.
            RunArtifacts.DeleteCaptions(artifacts, run.Id);
            await (run.State switch
            {
                RunState.Completed => bus.Publish(new TrainingCompleted(run.Id, run.ModelVersion!), cancellationToken),
                RunState.Failed => bus.Publish(new TrainingFailed(run.Id, run.FailureCode!, run.FailureDetail!), cancellationToken),
                _ => bus.Publish(new TrainingCancelled(run.Id, run.Step), cancellationToken),
            });
            await database.Runs.Where(r => r.Id == run.Id).ExecuteUpdateAsync(set => set.SetProperty(r => r.Announced, true), cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The bus did not take what was to be published; it will be tried again.")]
    private partial void LogBusAway();
}
