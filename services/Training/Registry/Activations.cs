using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Registry;

/// <summary>Who is to answer: asked for here, carried out by QueryAnswering, whose answer is entered here.</summary>
internal sealed class Activations(TrainingDbContext database, TimeProvider time)
{
    /// <summary>Asks for a model. If that is already what was asked for last, and it did not fail, nothing is added.</summary>
    /// <param name="model">The model.</param>
    /// <param name="id">For an activation that several replicas may ask for at once; null: a new one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="gate">What the gate said, to be kept with it.</param>
    public async Task RequestAsync(ModelRow model, Guid? id, CancellationToken cancellationToken, string? gate = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var last = await database.Activations.AsNoTracking().Where(a => a.Task == model.Task).OrderByDescending(a => a.ActivatedAt).FirstOrDefaultAsync(cancellationToken);
            if (last is not null && last.ModelVersion == model.Version && last.State is ActivationState.Pending or ActivationState.Active) return;
            var activation = new ActivationRow
            {
                Id = id ?? Guid.NewGuid(), ModelVersion = model.Version, Task = model.Task, State = ActivationState.Pending,
                ActivatedAt = After(last?.ActivatedAt), NextPublishAt = Now(), Gate = gate,
            };
            await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
            database.Activations.Add(activation);
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                await database.Activations.Where(a => a.Task == model.Task && a.State == ActivationState.Pending && a.ActivatedAt < activation.ActivatedAt)
                    .ExecuteUpdateAsync(set => set.SetProperty(a => a.State, ActivationState.Replaced), cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return;
            }
            catch (DbUpdateException) when (attempt < 5)
            {
                // Somebody else asked at the same moment: look again at what is last now.
                database.Entry(activation).State = EntityState.Detached;
            }
        }
    }

    /// <summary>The index answers from this activation's model. An answer that comes after a later activation's is ignored.</summary>
    public async Task SucceededAsync(Guid id, int videos, CancellationToken cancellationToken)
    {
        var activation = await database.Activations.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellationToken);
        if (activation is null || activation.State == ActivationState.Active) return;
        var sameTask = database.Activations.Where(a => a.Task == activation.Task);
        if (await sameTask.AnyAsync(a => a.State == ActivationState.Active && a.ActivatedAt > activation.ActivatedAt, cancellationToken)) return;
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await sameTask.Where(a => a.ActivatedAt < activation.ActivatedAt && (a.State == ActivationState.Active || a.State == ActivationState.Pending))
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.State, ActivationState.Replaced), cancellationToken);
        await sameTask.Where(a => a.Id == id).ExecuteUpdateAsync(set => set
            .SetProperty(a => a.State, ActivationState.Active).SetProperty(a => a.AnsweredAt, Now()).SetProperty(a => a.VideosEmbedded, videos).SetProperty(a => a.VideosTotal, videos)
            .SetProperty(a => a.FailureCode, (string?)null).SetProperty(a => a.FailureDetail, (string?)null), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>How far the index is with a model that is to answer.</summary>
    public Task ProgressedAsync(Guid id, int embedded, int total, CancellationToken cancellationToken) =>
        database.Activations.Where(a => a.Id == id && a.State == ActivationState.Pending)
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.VideosEmbedded, embedded).SetProperty(a => a.VideosTotal, total), cancellationToken);

    /// <summary>The index could not be rebuilt; what answered before goes on answering.</summary>
    public Task FailedAsync(Guid id, string code, string detail, CancellationToken cancellationToken) =>
        database.Activations.Where(a => a.Id == id && a.State == ActivationState.Pending).ExecuteUpdateAsync(set => set
            .SetProperty(a => a.State, ActivationState.Failed).SetProperty(a => a.AnsweredAt, Now())
            .SetProperty(a => a.FailureCode, code).SetProperty(a => a.FailureDetail, detail), cancellationToken);

    private DateTime Now() => time.GetUtcNow().UtcDateTime;

    // Whole milliseconds, which both databases keep, and strictly later than the last: the order is what counts.
    private DateTime After(DateTime? last)
    {
        var now = Now();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        return last >= now ? last.Value.AddMilliseconds(1) : now;
    }
}
