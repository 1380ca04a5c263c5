using DemoVlp.Contracts.Http;
using DemoVlp.Testing;
using DemoVlp.Training.Data;
using DemoVlp.Training.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Tests;

public sealed class HeldRunTests
{
    [Fact]
    public async Task Stop_WhenTheDatabaseNeverAnswers_IsAskedForOnceTheLeaseHasRunOut()
    {
        using var database = new SilentDatabase();
        var options = Options.Create(new TrainingOptions { LeaseSeconds = 2 });
        var run = new RunRow { Id = Guid.NewGuid(), State = RunState.Running, Task = "retrieval", Dataset = "library" };
        // It publishes nothing before its first epoch, and so needs no bus.
        await using var held = new HeldRun(run, "me", new RunLeases(database, options, TimeProvider.System), null!, options, NullLogger.Instance, CancellationToken.None);

        await Eventually.TrueAsync("the worker is told to stop", () => held.Stop.IsCancellationRequested, TestContext.Current.CancellationToken);

        Assert.Equal(StopReason.LeaseLost, held.Reason);
        Assert.True(database.Asked);
    }

    /// <summary>A database whose driver blocks its caller.</summary>
    private sealed class SilentDatabase : IServiceScopeFactory, IDisposable
    {
        private readonly ManualResetEventSlim over = new();

        public bool Asked { get; private set; }

        public IServiceScope CreateScope()
        {
            Asked = true;
            over.Wait();
            throw new IOException("The connection is gone.");
        }

        public void Dispose() => over.Set();
    }
}
