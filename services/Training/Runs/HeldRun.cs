using DemoVlp.Contracts.Training;
using DemoVlp.Training.Data;
using MassTransit;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Runs;

/// <summary>Why a worker has to let go of a run.</summary>
internal enum StopReason
{
    None,
    Cancelled,
    LeaseLost,
    HostStopping,
}

/// <summary>
/// A run in the hands of this worker. About once a second the lease is renewed, the progress written and published, and the wish to cancel looked up;
/// the token <see cref="Stop"/> tells the work to end.
/// </summary>
internal sealed partial class HeldRun : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly RunLeases leases;
    private readonly IBus bus;
    private readonly TimeSpan leaseLength;
    private readonly ILogger log;
    private readonly string owner;
    private readonly CancellationTokenSource stop = new(), ended = new();
    private readonly CancellationTokenRegistration onHostStopping;
    private readonly Task renewing;
    private RunProgress progress;
    private int reason;

    public HeldRun(RunRow run, string owner, RunLeases leases, IBus bus, IOptions<TrainingOptions> options, ILogger log, CancellationToken hostStopping)
    {
        (Run, this.owner, this.leases, this.bus, this.log) = (run, owner, leases, bus, log);
        leaseLength = TimeSpan.FromSeconds(options.Value.LeaseSeconds);
        progress = RunProgress.Of(run);
        if (run.CancelRequested) StopFor(StopReason.Cancelled);
        onHostStopping = hostStopping.Register(() => StopFor(StopReason.HostStopping));
        renewing = Task.Run(RenewAsync, CancellationToken.None);
    }

    /// <summary>The run as it was taken.</summary>
    public RunRow Run { get; }

    /// <summary>Says that the work has to end; <see cref="Reason"/> says why.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>The first reason there was.</summary>
    public StopReason Reason => (StopReason)Volatile.Read(ref reason);

    /// <summary>How it is doing; written with the next renewal. From any thread.</summary>
    public RunProgress Progress
    {
        get => Volatile.Read(ref progress);
        set => Volatile.Write(ref progress, value);
    }

    /// <summary>Writes the last progress, then lets the run go.</summary>
    public async ValueTask DisposeAsync()
    {
        await onHostStopping.DisposeAsync();
        await ended.CancelAsync();
        await renewing;
        stop.Dispose();
        ended.Dispose();
    }

    /// <summary>Enters what the run learns from and what it will probably take.</summary>
    public Task RecordAsync(Contracts.Http.RunRecord record, Contracts.Http.TrainingEstimate estimate, double stepWork, long modelParameters) =>
        leases.RecordAsync(Run.Id, owner, record, estimate, stepWork, modelParameters);

    /// <summary>Adds a sentence to the record of a run that is taken up again.</summary>
    public Task NoteAsync(string note) => Run.Record is { } record ? leases.RecordAsync(Run.Id, owner, record with { Notes = [.. record.Notes ?? [], note] }) : Task.CompletedTask;

    /// <summary>Writes the run's progress now.</summary>
    public Task WriteProgressAsync(CancellationToken cancellationToken) => leases.RenewAsync(Run.Id, owner, Progress, cancellationToken);

    /// <summary>Ends the run, with its last progress written.</summary>
    public async Task<bool> EndAsync(RunEnd end, CancellationToken cancellationToken)
    {
        await leases.RenewAsync(Run.Id, owner, Progress, cancellationToken);
        return await leases.EndAsync(Run.Id, owner, end, cancellationToken);
    }

    /// <summary>Gives the run back unfinished; an orderly stop does not count as an attempt that failed.</summary>
    public async Task ReleaseAsync(TimeSpan delay, bool orderly)
    {
        await leases.RenewAsync(Run.Id, owner, Progress, CancellationToken.None);
        await leases.ReleaseAsync(Run.Id, owner, delay, orderly, CancellationToken.None);
    }

    private void StopFor(StopReason why)
    {
        if (Interlocked.CompareExchange(ref reason, (int)why, (int)StopReason.None) == (int)StopReason.None) stop.Cancel();
    }

    private async Task RenewAsync()
    {
        var (renewed, published) = (Environment.TickCount64, -1);
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(ended.Token))
            {
                var now = Progress;
                try
                {
                    var asked = Environment.TickCount64;
                    var (held, cancelRequested) = await RenewOnceAsync(now, renewed);
                    if (!held) StopFor(StopReason.LeaseLost);
                    if (cancelRequested) StopFor(StopReason.Cancelled);
                    renewed = asked;
                    if (held && now.Step != published && now.Epoch is not null) await PublishAsync(now);
                    published = now.Step;
                }
                catch (Exception e) when (e is not OperationCanceledException || !ended.IsCancellationRequested)
                {
                    // The database may be back in a moment; but once the lease has run out somebody else may be at work.
                    LogRenewalFailed(e, Run.Id);
                    if (Environment.TickCount64 - renewed > leaseLength.TotalMilliseconds) StopFor(StopReason.LeaseLost);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Ended: the caller writes the last progress.
        }
    }

    // A database that does not answer at all must not keep this worker at a run whose lease has run out: given up by the clock, not only by an error.
    private async Task<(bool Held, bool CancelRequested)> RenewOnceAsync(RunProgress now, long renewed)
    {
        using var lease = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        var left = leaseLength - TimeSpan.FromMilliseconds(Environment.TickCount64 - renewed);
        // At least one honest try: after a pause of the machine the lease may have run out and yet be nobody else's.
        lease.CancelAfter(left > Interval ? left : Interval);
        var token = lease.Token;
        return await Task.Run(() => leases.RenewAsync(Run.Id, owner, now, token), token).WaitAsync(token);
    }

    private async Task PublishAsync(RunProgress now)
    {
        // Progress is worth nothing later: a broker that is away must not hold up the renewal of the lease.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        patience.CancelAfter(Interval);
        try
        {
            await bus.Publish(new TrainingProgressed
            {
                RunId = Run.Id, Step = now.Step, TotalSteps = now.TotalSteps ?? 0, Epoch = now.Epoch ?? 1,
                Loss = now.Losses.GetValueOrDefault("total"), SamplesPerSecond = now.SamplesPerSecond ?? 0,
            }, patience.Token);
        }
        catch (OperationCanceledException) when (!ended.IsCancellationRequested)
        {
            LogProgressUnsaid(Run.Id);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The lease of training run {RunId} could not be renewed.")]
    private partial void LogRenewalFailed(Exception exception, Guid runId);

    [LoggerMessage(LogLevel.Warning, "The progress of training run {RunId} was not published: the bus did not take it.")]
    private partial void LogProgressUnsaid(Guid runId);
}
