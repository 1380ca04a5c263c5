using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Part of a step's encoding.</summary>
/// <param name="Forward">Gives its outputs; called once, on whichever thread.</param>
/// <param name="Work">How much it is, compared with the others of the step.</param>
/// <param name="Draws">Whether it draws random numbers (dropout): these parts run in their order on the step's thread, so that a seed gives the same numbers.</param>
internal sealed record Encoding(Func<Tensor[]> Forward, double Work, bool Draws);

/// <summary>
/// Encodes texts and videos of a step on two threads, forward and backward, each with half of the threads of torch's operations: of these most are too small to be faster on two cores.
/// Each thread has a graph of its own, which ends at its outputs; the loss sees copies of them, and what the copies' gradients are is what the graphs go back from (decision 0017).
/// </summary>
/// <remarks>Its bits depend on nothing but the encodings: their work decides which thread takes which, and a weight's gradient is a sum of two parts at most.</remarks>
internal sealed class ParallelEncoding : IDisposable
{
    // With less than this for one of the threads both do less together than one with all of torch's threads.
    private const double LeastShare = 1 / 3.0;

    private readonly BlockingCollection<Action> tasks = [];
    private readonly int threads = get_num_threads();
    private readonly List<(Tensor Output, Tensor Copy)>[] graphs = [[], []];
    private bool active;

    /// <summary>Starts the second thread.</summary>
    public ParallelEncoding()
    {
        new Thread(() =>
        {
            foreach (var task in tasks.GetConsumingEnumerable()) task();
        })
        { IsBackground = true, Name = "training, second half" }.Start();
        Both(half =>
        {
            if (half == 1) SetOwnThreads(Half);
        });
    }

    private int Half => Math.Max(1, threads / 2);

    /// <summary>The outputs of all encodings: copies that the loss's graph begins with or, where the work cannot be shared evenly, the outputs themselves. <see cref="End"/> has to follow.</summary>
    public Tensor[][] Forward(IReadOnlyList<Encoding> encodings, ComputePrecision precision)
    {
        var shares = Share(encodings);
        if (shares.Min(share => share.Sum(i => encodings[i].Work)) < LeastShare * encodings.Sum(e => e.Work)) return [.. encodings.Select(e => e.Forward())];
        active = true;
        SetOwnThreads(Half);
        var outputs = new Tensor[encodings.Count][];
        try
        {
            Both(half =>
            {
                using var scope = NewDisposeScope();
                using var region = Autocast.Use(precision);
                foreach (var i in shares[half]) outputs[i] = Array.ConvertAll(encodings[i].Forward(), output => output.DetachFromDisposeScope());
            });
        }
        catch
        {
            foreach (var output in outputs.OfType<Tensor[]>().SelectMany(o => o)) output.Dispose();
            throw;
        }
        return [.. outputs.Select((tensors, i) => Array.ConvertAll(tensors, output =>
        {
            var copy = output.detach().requires_grad_(output.requires_grad);
            graphs[shares[0].Contains(i) ? 0 : 1].Add((output, copy));
            return copy;
        }))];
    }

    /// <summary>After the loss has gone back to the copies: goes on from there to the weights.</summary>
    public void Backward()
    {
        if (!active) return;
        Both(half =>
        {
            using var scope = NewDisposeScope();
            var reached = graphs[half].Where(g => g.Output.requires_grad).Select(g => (g.Output, Gradient: g.Copy.grad)).Where(g => g.Gradient is not null).ToList();
            if (reached.Count > 0) autograd.backward(reached.ConvertAll(g => g.Output), reached.ConvertAll(g => g.Gradient!));
            Forget(graphs[half]);
        });
    }

    /// <summary>The step is over, well or not.</summary>
    public void End()
    {
        if (!active) return;
        active = false;
        Array.ForEach(graphs, Forget);
        set_num_threads(threads);
    }

    public void Dispose()
    {
        if (tasks.IsAddingCompleted) return;
        End();
        tasks.CompleteAdding();
    }

    private static void Forget(List<(Tensor Output, Tensor Copy)> graph)
    {
        foreach (var (output, _) in graph) output.Dispose();
        graph.Clear();
    }

    // The largest first, each to the thread that has less to do.
    private static List<int>[] Share(IReadOnlyList<Encoding> encodings)
    {
        List<int>[] shares = [[.. Enumerable.Range(0, encodings.Count).Where(i => encodings[i].Draws)], []];
        double[] work = [shares[0].Sum(i => encodings[i].Work), 0];
        foreach (var i in Enumerable.Range(0, encodings.Count).Where(i => !encodings[i].Draws).OrderByDescending(i => encodings[i].Work))
        {
            var half = work[0] <= work[1] ? 0 : 1;
            shares[half].Add(i);
            work[half] += encodings[i].Work;
        }
        return shares;
    }

    private void Both(Action<int> act)
    {
        ExceptionDispatchInfo? fault = null;
        using var ended = new ManualResetEventSlim();
        tasks.Add(() =>
        {
            try
            {
                act(1);
            }
            catch (Exception e)
            {
                fault = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                ended.Set();
            }
        });
        try
        {
            act(0);
        }
        finally
        {
            ended.Wait();
        }
        fault?.Throw();
    }

    // torch has a number for each thread and one that a thread begins with, which setting the first sets too: another thread puts it back (one of the pool, not this one while it waits).
    private void SetOwnThreads(int own)
    {
        Set(own);
        Task.Factory.StartNew(() => Set(threads), CancellationToken.None, TaskCreationOptions.PreferFairness, TaskScheduler.Default).Wait();

        static void Set(int number)
        {
            _ = get_num_threads(); // A thread takes the number to begin with when it first asks, and would after its own has been set.
            set_num_threads(number);
        }
    }
}
