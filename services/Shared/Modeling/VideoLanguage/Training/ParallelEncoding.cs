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
/// Each thread has a graph of its own, which ends at its outputs; the loss sees copies of them, and what the copies' gradients are is what the graphs go back from.
/// </summary>
/// <remarks>Its bits depend on nothing but the encodings: their work decides which thread takes which, and a weight's gradient is a sum of two parts at most.</remarks>
internal sealed class ParallelEncoding : IDisposable
{
    private readonly BlockingCollection<Action> tasks = [];
    private readonly Thread second;
    private readonly int threads = get_num_threads();
    private readonly List<(Tensor Output, Tensor Copy)>[] graphs = [[], []];

    /// <summary>Starts the second thread.</summary>
    public ParallelEncoding()
    {
        second = new Thread(() =>
        {
            SetOwnThreads(Half);
            foreach (var task in tasks.GetConsumingEnumerable()) task();
        })
        { IsBackground = true, Name = "training, second half" };
        second.Start();
    }

    private int Half => Math.Max(1, threads / 2);

    /// <summary>The outputs of all encodings, as copies that the loss's graph begins with.</summary>
    public Tensor[][] Forward(IReadOnlyList<Encoding> encodings, ComputePrecision precision)
    {
        // Of a step that failed before it went back.
        Array.ForEach(graphs, Forget);
        var outputs = new Tensor[encodings.Count][];
        var shares = Share(encodings);
        Both(half =>
        {
            using var scope = NewDisposeScope();
            using var region = Autocast.Use(precision);
            foreach (var i in shares[half]) outputs[i] = [.. encodings[i].Forward().Select(o => o.DetachFromDisposeScope())];
        });
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
        Both(half =>
        {
            using var scope = NewDisposeScope();
            var reached = graphs[half].Where(g => g.Output.requires_grad).Select(g => (g.Output, Gradient: g.Copy.grad)).Where(g => g.Gradient is not null).ToList();
            if (reached.Count > 0) autograd.backward(reached.ConvertAll(g => g.Output), reached.ConvertAll(g => g.Gradient!));
            Forget(graphs[half]);
        });
    }

    public void Dispose()
    {
        Array.ForEach(graphs, Forget);
        tasks.CompleteAdding();
        second.Join();
        tasks.Dispose();
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
            SetThreads(Half);
            act(0);
        }
        finally
        {
            ended.Wait();
            SetOwnThreads(threads);
        }
        fault?.Throw();
    }

    // torch has a number for each thread that has computed something, and one for those that have not: that one is to stay what it was.
    private void SetThreads(int own)
    {
        SetOwnThreads(own);
        Task.Run(() => SetOwnThreads(threads)).Wait();
    }

    // A thread takes the common number when it first asks, and would take it after its own has been set.
    private static void SetOwnThreads(int own)
    {
        _ = get_num_threads();
        set_num_threads(own);
    }
}
