using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Which of the two update rules called AdamW.</summary>
public enum AdamWRule
{
    /// <summary>transformers 4.10, which the paper trains with: epsilon 1e-6 before the bias correction, weight decay after the update.</summary>
    Reference,

    /// <summary>torch.optim.AdamW: epsilon 1e-8 after the bias correction, weight decay before the update.</summary>
    Torch,
}

/// <summary>AdamW over named parameters. Written out because its state has to be saved and restored exactly.</summary>
public sealed class AdamW : IDisposable
{
    /// <summary>Share of the old mean of the gradients that a step keeps.</summary>
    public const double Beta1 = 0.9;

    /// <summary>Share of the old mean of their squares that it keeps.</summary>
    public const double Beta2 = 0.999;

    private readonly IReadOnlyList<(string Name, Tensor Value)> parameters;
    private readonly Dictionary<string, State> states = new(StringComparer.Ordinal);
    private readonly AdamWRule rule;
    private readonly double weightDecay;
    private int[][] shares;
    private Action<Action<int>> run;

    private sealed class State(Tensor mean, Tensor variance)
    {
        internal readonly Tensor Mean = mean, Variance = variance;
        internal long Steps;
    }

    /// <summary>An optimiser without history for parameters that are already on their device.</summary>
    public AdamW(IEnumerable<(string Name, Tensor Value)> parameters, AdamWRule rule = AdamWRule.Reference, double weightDecay = 0)
    {
        (this.parameters, this.rule, this.weightDecay) = ([.. parameters], rule, weightDecay);
        (shares, run) = ([[.. Enumerable.Range(0, this.parameters.Count)]], share => share(0));
    }

    /// <summary>Has several threads do it from now on, each with some of the parameters; what comes out is the same up to the rounding of the norm.</summary>
    /// <param name="parts">Places of the parameters that a thread has.</param>
    /// <param name="runner">Calls what it is given once for each part, at the same time, and waits for all.</param>
    internal void ShareOut(int[][] parts, Action<Action<int>> runner) => (shares, run) = (parts, runner);

    /// <summary>What a rule adds to the root of the mean square, so that it divides by no zero.</summary>
    public static double Epsilon(AdamWRule rule) => rule == AdamWRule.Reference ? 1e-6 : 1e-8;

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients() => Each(i => parameters[i].Value.grad?.zero_());

    /// <summary>The Euclidean norm of all gradients; with a positive maximum, larger gradients are scaled down to it.</summary>
    public double ClipGradients(double maximum = 0)
    {
        var norms = new double[shares.Length];
        run(part =>
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var gradients = shares[part].Select(i => parameters[i].Value.grad).OfType<Tensor>().Select(g => g.norm()).ToList();
            norms[part] = gradients.Count == 0 ? 0 : stack(gradients).norm().item<float>();
        });
        var norm = Math.Sqrt(norms.Sum(n => n * n));
        if (maximum > 0 && norm > maximum) Each(i => parameters[i].Value.grad?.MulInPlace(maximum / (norm + 1e-6)));
        return norm;
    }

    /// <summary>One update; parameters without a gradient stay as they are.</summary>
    public void Step(double learningRate)
    {
        foreach (var (name, parameter) in parameters)
        {
            using var scope = NewDisposeScope();
            if (parameter.grad is not null && !states.ContainsKey(name))
                states.Add(name, new State(zeros_like(parameter).DetachFromDisposeScope(), zeros_like(parameter).DetachFromDisposeScope()));
        }
        Each(i =>
        {
            var (name, parameter) = parameters[i];
            if (parameter.grad is not { } gradient) return;
            var state = states[name];
            state.Steps++;
            state.Mean.MulInPlace(Beta1).AddInPlace(gradient, 1 - Beta1);
            state.Variance.MulInPlace(Beta2).AddProductInPlace(gradient, gradient, 1 - Beta2);
            Update(parameter, state, learningRate);
        });
    }

    /// <summary>The history as tensors: <c>mean.*</c>, <c>variance.*</c> and <c>steps.*</c> by parameter. They stay the optimiser's, except the counts.</summary>
    public IEnumerable<(string Name, Tensor Value)> Save() =>
        states.SelectMany(s => new[] { ("mean." + s.Key, s.Value.Mean), ("variance." + s.Key, s.Value.Variance), ("steps." + s.Key, tensor(s.Value.Steps)) });

    /// <summary>Replaces the history by a saved one.</summary>
    /// <exception cref="ModelFormatException"><c>training-state-mismatch</c>: it belongs to other parameters.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> saved)
    {
        using var scope = NewDisposeScope();
        var restored = new Dictionary<string, State>(StringComparer.Ordinal);
        foreach (var (name, parameter) in parameters)
        {
            if (!saved.TryGetValue("mean." + name, out var mean)) continue; // It had no gradient so far.
            if (!saved.TryGetValue("variance." + name, out var variance) || !saved.TryGetValue("steps." + name, out var steps) || steps.dtype != ScalarType.Int64 || steps.numel() != 1
                || !mean.shape.SequenceEqual(parameter.shape) || !variance.shape.SequenceEqual(parameter.shape))
            {
                throw new ModelFormatException("training-state-mismatch", $"The saved training state does not fit the parameter {name}.");
            }
            restored.Add(name, new State(Own(mean, parameter), Own(variance, parameter)) { Steps = steps.item<long>() });
        }
        if (restored.Count * 3 != saved.Count) throw new ModelFormatException("training-state-mismatch", "The saved training state belongs to another model.");
        Dispose();
        foreach (var (name, state) in restored)
        {
            state.Mean.DetachFromDisposeScope();
            state.Variance.DetachFromDisposeScope();
            states.Add(name, state);
        }
    }

    /// <summary>Frees the history.</summary>
    public void Dispose()
    {
        foreach (var state in states.Values)
        {
            state.Mean.Dispose();
            state.Variance.Dispose();
        }
        states.Clear();
    }

    private void Each(Action<int> act) => run(part =>
    {
        using var noGradient = no_grad();
        foreach (var i in shares[part])
        {
            using var scope = NewDisposeScope();
            act(i);
        }
    });

    private static Tensor Own(Tensor value, Tensor parameter) => value.to(parameter.dtype, parameter.device, copy: true);

    private void Update(Tensor parameter, State state, double learningRate)
    {
        var correction1 = 1 - Math.Pow(Beta1, state.Steps);
        var correction2 = Math.Sqrt(1 - Math.Pow(Beta2, state.Steps));
        if (rule == AdamWRule.Reference)
        {
            parameter.AddQuotientInPlace(state.Mean, state.Variance.sqrt().AddInPlace(Epsilon(rule)), -learningRate * correction2 / correction1);
            if (weightDecay > 0) parameter.MulInPlace(1 - learningRate * weightDecay);
        }
        else
        {
            if (weightDecay > 0) parameter.MulInPlace(1 - learningRate * weightDecay);
            parameter.AddQuotientInPlace(state.Mean, state.Variance.sqrt().DivInPlace(correction2).AddInPlace(Epsilon(rule)), -learningRate / correction1);
        }
    }
}
