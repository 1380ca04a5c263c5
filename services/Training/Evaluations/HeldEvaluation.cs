using DemoVlp.Training.Data;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Evaluations;

/// <summary>An evaluation in the hands of this worker: about once a second the lease is renewed, the progress written and the wish to cancel looked up.</summary>
internal sealed partial class HeldEvaluation : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly EvaluationLeases leases;
    private readonly TimeSpan leaseLength;
    private readonly ILogger log;
    private readonly CancellationTokenSource stop = new(), ended = new();
    private readonly CancellationTokenRegistration onHostStopping;
    private readonly Task renewing;
    private EvaluationProgress progress = new("preparing");
    private int reason;

    public HeldEvaluation(EvaluationRow evaluation, string owner, EvaluationLeases leases, TimeSpan leaseLength, ILogger log, CancellationToken hostStopping)
    {
        (Evaluation, Owner, this.leases, this.leaseLength, this.log) = (evaluation, owner, leases, leaseLength, log);
        if (evaluation.CancelRequested) StopFor(StopReason.Cancelled);
        onHostStopping = hostStopping.Register(() => StopFor(StopReason.HostStopping));
        renewing = Task.Run(RenewAsync, CancellationToken.None);
    }

    /// <summary>As it was taken.</summary>
    public EvaluationRow Evaluation { get; }

    /// <summary>Who holds it.</summary>
    public string Owner { get; }

    /// <summary>Says that the work has to end; <see cref="Reason"/> says why.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>The first reason there was.</summary>
    public StopReason Reason => (StopReason)Volatile.Read(ref reason);

    /// <summary>How it is doing; written with the next renewal. From any thread.</summary>
    public EvaluationProgress Progress
    {
        get => Volatile.Read(ref progress);
        set => Volatile.Write(ref progress, value);
    }

    /// <summary>Writes the last progress and ends the evaluation.</summary>
    public async Task<bool> EndAsync(EvaluationEnd end)
    {
        await leases.RenewAsync(Evaluation.Id, Owner, Progress, CancellationToken.None);
        return await leases.EndAsync(Evaluation.Id, Owner, end);
    }

    public async ValueTask DisposeAsync()
    {
        await onHostStopping.DisposeAsync();
        await ended.CancelAsync();
        await renewing;
        stop.Dispose();
        ended.Dispose();
    }

    private void StopFor(StopReason why)
    {
        if (Interlocked.CompareExchange(ref reason, (int)why, (int)StopReason.None) == (int)StopReason.None) stop.Cancel();
    }

    private async Task RenewAsync()
    {
        var renewed = Environment.TickCount64;
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(ended.Token))
            {
                try
                {
                    var asked = Environment.TickCount64;
                    var (held, cancelRequested) = await leases.RenewAsync(Evaluation.Id, Owner, Progress, ended.Token);
                    if (!held) StopFor(StopReason.LeaseLost);
                    if (cancelRequested) StopFor(StopReason.Cancelled);
                    renewed = asked;
                }
                catch (Exception e) when (e is not OperationCanceledException || !ended.IsCancellationRequested)
                {
                    // The database may be back in a moment; but once the lease has run out somebody else may be at work.
                    LogRenewalFailed(e, Evaluation.Id);
                    if (Environment.TickCount64 - renewed > leaseLength.TotalMilliseconds) StopFor(StopReason.LeaseLost);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Ended: the caller writes the last progress.
        }
    }

    [LoggerMessage(LogLevel.Warning, "The lease of evaluation {Id} could not be renewed.")]
    private partial void LogRenewalFailed(Exception exception, Guid id);
}
