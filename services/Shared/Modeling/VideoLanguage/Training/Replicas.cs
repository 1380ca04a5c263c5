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
/// <remarks>The sums of a step depend on the numbers of replicas and of torch's threads and on nothing else.</remarks>
internal sealed class Replicas : IDisposable
{
    // A smaller part is not worth its share of what surrounds it.
    private const int LeastPart = 8;
    private const int Most = 4, SmallWidth = 256;

    private readonly List<Module> networks;
    private readonly List<IReadOnlyList<Tensor>> parameters = []; // Of each network, in one order.
    private readonly List<(Thread Thread, BlockingCollection<Action> Tasks)> workers = []; // The last conducts.
    private readonly ComputePrecision precision;

    /// <summary>Makes the copies and starts the threads. The network stays the caller's.</summary>
    /// <exception cref="ArgumentException">Batches of this model cannot be shared out.</exception>
    public Replicas(Module network, ModelConfig config, TrainingOptions options, Device device)
    {
        if (!CanShare(config) || device.type != DeviceType.CPU)
            throw new ArgumentException("Only on the CPU, and only a model without dropout in its encoders whose padding is left out shares out its batches.", nameof(options));
        (networks, precision) = ([network], options.Precision);
        // Setting a thread's number sets that of threads to come too, so that it is put back.
        var threads = get_num_threads();
        try
        {
            for (var i = 1; i < options.Replicas; i++) networks.Add(ModelDirectory.Build(config));
            parameters.AddRange(networks.Select(n => ModelWeights.Of(n).Select(p => p.Value).ToList()));
            Shares = Balanced(parameters[0], options.Replicas);
            for (var i = 0; i < options.Replicas; i++) workers.Add(Start($"training, replica {i}", Math.Max(1, threads / options.Replicas)));
            workers.Add(Start("training, replicas", 1));
            Active = options.Replicas;
            Run(_ => { });
            Conduct(() => 0);
        }
        catch
        {
            Dispose();
            throw;
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    /// <summary>How many have a part of the step that goes on.</summary>
    public int Active { get; private set; }

    /// <summary>Places of the parameters, in the order of <see cref="ModelWeights.Of"/>, of which each thread does what is done by parameter: about as many numbers for each.</summary>
    public int[][] Shares { get; } = [];

    /// <summary>The network of a part.</summary>
    public Module this[int part] => networks[part];

    /// <summary>
    /// How many a model is trained fastest with on so many threads: those of small models one for each thread, four at most (measured with two); 1 where operations are large enough to be shared out
    /// themselves, and where parts would not add up to the batch: the dropout of encoders draws from one sequence of random numbers, and the published rule lets padding take part.
    /// </summary>
    public static int For(ModelConfig config, int threads) =>
        CanShare(config) && Math.Max(config.TextConfig.Dim, config.ObjectConfig.EmbedDim) <= SmallWidth ? Math.Clamp(threads, 1, Most) : 1;

    /// <summary>
    /// Shares out a step on so many samples: the copies have the network's weights in it, and afterwards the network has the sum of all gradients. Tensors of the parts live until it is over.
    /// </summary>
    public T Step<T>(int samples, Func<T> step)
    {
        Active = Math.Clamp(samples / LeastPart, 1, networks.Count);
        var scopes = new DisposeScope[Active];
        Run(i => scopes[i] = NewDisposeScope());
        try
        {
            RunAll(CopyWeights);
            var result = step();
            RunAll(SumGradients);
            return result;
        }
        finally
        {
            Run(i => scopes[i].Dispose());
        }
    }

    /// <summary>Does on a thread with one of torch's threads what the replicas' work has around it, such as the loss: too small to be shared out as well.</summary>
    public T Conduct<T>(Func<T> work)
    {
        T? result = default;
        Do([workers.Count - 1], _ => result = work());
        return result!;
    }

    /// <summary>Has all parts do something at the same time, and waits for them.</summary>
    public void Run(Action<int> part) => Do([.. Enumerable.Range(0, Active)], part);

    /// <summary>The same with all threads, whether or not they have a part of the step: once for each of <see cref="Shares"/>.</summary>
    public void RunAll(Action<int> share) => Do([.. Enumerable.Range(0, networks.Count)], share);

    /// <summary>Tensors that its threads have made and not freed.</summary>
    public long LiveTensors()
    {
        var live = 0L;
        Do([.. Enumerable.Range(0, workers.Count)], _ => Interlocked.Add(ref live, DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        return live;
    }

    /// <summary>Ends the threads and frees the copies.</summary>
    public void Dispose()
    {
        foreach (var (_, tasks) in workers) tasks.CompleteAdding();
        foreach (var (thread, _) in workers) thread.Join();
        workers.Clear();
        foreach (var copy in networks.Skip(1)) copy.Dispose();
    }

    private static bool CanShare(ModelConfig config) => config.Padding == PaddingRule.Masked && config.TextConfig is { Dropout: 0, AttentionDropout: 0 };

    private (Thread Thread, BlockingCollection<Action> Tasks) Start(string name, int threads)
    {
        var tasks = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            // A thread takes the number that threads begin with when it first asks, and would after its own has been set.
            _ = get_num_threads();
            set_num_threads(threads);
            using var region = Autocast.Use(precision);
            foreach (var task in tasks.GetConsumingEnumerable()) task();
        })
        { IsBackground = true, Name = name };
        thread.Start();
        return (thread, tasks);
    }

    private void Do(int[] chosen, Action<int> act)
    {
        ObjectDisposedException.ThrowIf(workers.Count == 0, this);
        var faults = new ExceptionDispatchInfo?[chosen.Length];
        using var ended = new CountdownEvent(chosen.Length);
        foreach (var (place, i) in chosen.Index())
        {
            workers[i].Tasks.Add(() =>
            {
                try
                {
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

    private void CopyWeights(int share)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var copy in parameters.Take(Active).Skip(1))
        {
            foreach (var i in Shares[share])
            {
                copy[i].copy_(parameters[0][i]);
                copy[i].grad?.zero_();
            }
        }
    }

    private void SumGradients(int share)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var copy in parameters.Take(Active).Skip(1))
        {
            foreach (var i in Shares[share])
            {
                if (copy[i].grad is not { } gradient) continue;
                if (parameters[0][i].grad is { } sum) sum.AddInPlace(gradient);
                else parameters[0][i].grad = gradient.clone();
            }
        }
    }

    private static int[][] Balanced(IReadOnlyList<Tensor> parameters, int shares)
    {
        var (places, numbers) = (Enumerable.Range(0, shares).Select(_ => new List<int>()).ToArray(), new long[shares]);
        foreach (var i in Enumerable.Range(0, parameters.Count).OrderByDescending(i => parameters[i].numel()))
        {
            var least = Array.IndexOf(numbers, numbers.Min());
            places[least].Add(i);
            numbers[least] += parameters[i].numel();
        }
        return [.. places.Select(p => p.ToArray())];
    }
}
