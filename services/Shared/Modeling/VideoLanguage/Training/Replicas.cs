using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>
/// A network and copies of it that work on parts of a batch at the same time, as torch.nn.DataParallel has them on GPUs: here each has a thread of the program and its share of torch's threads. Most
/// operations of a small model are too small to be shared out among threads one by one (decision 0018).
/// </summary>
/// <remarks>The sums of a step depend on the number of replicas and on nothing else.</remarks>
internal sealed class Replicas : IDisposable
{
    /// <summary>Samples that a part has at least; a smaller batch is not shared out.</summary>
    public const int LeastPart = 8;

    private const int Most = 4, SmallWidth = 256;

    private readonly Module[] networks;
    private readonly BlockingCollection<Action>[] tasks; // The last: of the thread that conducts.
    private readonly ComputePrecision precision;

    /// <summary>Makes the copies and starts the threads. The network stays the caller's.</summary>
    public Replicas(Module network, ModelConfig config, int count, ComputePrecision precision)
    {
        if (!CanShare(config)) throw new ArgumentException("A model with dropout in its encoders, or one whose padding is learnt from, does not share out its batches.", nameof(count));
        this.precision = precision;
        networks = [network, .. Enumerable.Range(1, count - 1).Select(_ => ModelDirectory.Build(config))];
        tasks = [.. Enumerable.Range(0, count + 1).Select(_ => new BlockingCollection<Action>())];
        foreach (var (i, queue) in tasks.Index())
            new Thread(() =>
            {
                foreach (var task in queue.GetConsumingEnumerable()) task();
            })
            { IsBackground = true, Name = i < count ? $"training, replica {i}" : "training, replicas" }.Start();
        // A thread takes the number that threads begin with when it first asks. Setting its own sets that number too, so that it is put back.
        var threads = get_num_threads();
        Conduct(() => SetThreads(1));
        Run(_ => SetThreads(Math.Max(1, threads / count)));
        set_num_threads(threads);

        static int SetThreads(int number)
        {
            _ = get_num_threads();
            set_num_threads(number);
            return number;
        }
    }

    /// <summary>How many there are.</summary>
    public int Count => networks.Length;

    /// <summary>
    /// How many a model is trained fastest with on so many threads: those of small models one for each thread, four at most (measured with two); 1 where operations are large enough to be shared out
    /// themselves, and where parts would not add up to the batch: the dropout of encoders draws from one sequence of random numbers, and the published rule lets padding take part.
    /// </summary>
    public static int For(ModelConfig config, int threads) =>
        CanShare(config) && Math.Max(config.TextConfig.Dim, config.ObjectConfig.EmbedDim) <= SmallWidth ? Math.Clamp(threads, 1, Most) : 1;

    /// <summary>The network of a part.</summary>
    public Module this[int part] => networks[part];

    /// <summary>Shares out a step: the copies have the network's weights in it, and afterwards the network has the sum of all gradients. Tensors of the parts live until it is over.</summary>
    public T Step<T>(Func<T> step)
    {
        var scopes = new DisposeScope[Count];
        Run(i => scopes[i] = NewDisposeScope());
        try
        {
            Run(i => Begin(networks[i]));
            var result = step();
            SumGradients();
            return result;
        }
        finally
        {
            Run(i => scopes[i].Dispose());
        }
    }

    /// <summary>Does on a thread with one of torch's threads what the replicas' work has around it: too small to be shared out as well.</summary>
    public T Conduct<T>(Func<T> work)
    {
        T? result = default;
        Start([Count], _ => result = work());
        return result!;
    }

    /// <summary>Has all parts do something at the same time, and waits for them.</summary>
    public void Run(Action<int> part) => Start([.. Enumerable.Range(0, Count)], part);

    /// <summary>Ends the threads and frees the copies.</summary>
    public void Dispose()
    {
        foreach (var queue in tasks) queue.CompleteAdding();
        foreach (var copy in networks.Skip(1)) copy.Dispose();
    }

    private static bool CanShare(ModelConfig config) => config.Padding == PaddingRule.Masked && config.TextConfig is { Dropout: 0, AttentionDropout: 0 };

    private void Start(int[] threads, Action<int> act)
    {
        var faults = new ExceptionDispatchInfo?[threads.Length];
        using var ended = new CountdownEvent(threads.Length);
        foreach (var (place, i) in threads.Index())
        {
            tasks[i].Add(() =>
            {
                try
                {
                    using var region = Autocast.Use(precision);
                    act(i);
                }
                catch (Exception e)
                {
                    faults[place] = ExceptionDispatchInfo.Capture(e);
                }
                finally
                {
                    ended.Signal();
                }
            });
        }
        ended.Wait();
        faults.FirstOrDefault(f => f is not null)?.Throw();
    }

    private void Begin(Module copy)
    {
        if (copy == networks[0]) return;
        using var noGradient = no_grad();
        foreach (var (to, from) in copy.parameters().Zip(networks[0].parameters()))
        {
            to.copy_(from);
            to.grad?.zero_();
        }
    }

    private void SumGradients()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var copy in networks.Skip(1))
        {
            foreach (var (sum, other) in networks[0].parameters().Zip(copy.parameters()))
            {
                if (other.grad is not { } gradient) continue;
                if (sum.grad is { } so) so.add_(gradient);
                else sum.grad = gradient.clone().DetachFromDisposeScope();
            }
        }
    }
}
