using DemoVlp.QueryAnswering.Models;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class InferenceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Inference_ForManyCallers_ComputesOnTheSameTwoThreads()
    {
        using var inference = new Inference();
        var threads = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => i % 2 == 0
            ? inference.RunAsync(() => Environment.CurrentManagedThreadId, Cancellation)
            : inference.RunIndexingAsync(() => Environment.CurrentManagedThreadId, Cancellation)));
        Assert.InRange(threads.Distinct().Count(), 1, 2);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, threads);
    }

    [Fact]
    public async Task Inference_WhenACallerLeavesTheQueue_DoesNotComputeForIt()
    {
        using var inference = new Inference();
        using var go = new ManualResetEventSlim();
        using var leaving = new CancellationTokenSource();
        var busy = Enumerable.Range(0, 2).Select(_ => inference.RunAsync(() => go.Wait(TimeSpan.FromSeconds(30)), Cancellation)).ToList();
        var computed = false;
        var left = inference.RunAsync(() => computed = true, leaving.Token);
        await leaving.CancelAsync();
        go.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.All(await Task.WhenAll(busy), Assert.True);
        Assert.Equal(7, await inference.RunAsync(() => 7, Cancellation));
        Assert.False(computed);
    }

    [Fact]
    public async Task Inference_WhenAComputationFails_SaysWhyAndGoesOn()
    {
        using var inference = new Inference();
        await Assert.ThrowsAsync<FormatException>(() => inference.RunIndexingAsync<int>(() => throw new FormatException(), Cancellation));
        Assert.Equal(7, await inference.RunIndexingAsync(() => 7, Cancellation));
    }
}
