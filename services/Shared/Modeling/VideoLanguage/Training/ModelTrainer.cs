using System.Globalization;
using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>
/// Trains a network batch by batch. Not thread-safe, and it seeds torch's default generator at each step, so one process trains one model at a time.
/// A state saved after any step continues bit for bit on the CPU (with the same number of threads and replicas).
/// </summary>
public abstract class ModelTrainer<TSample> : IModelTrainer
{
    private const string ModelPrefix = "model.", OptimizerPrefix = "optimizer.";
    private readonly Module network;
    private readonly TrainingOptions options;
    private readonly AdamW optimizer;
    private readonly Replicas? replicas;

    private protected ModelTrainer(Module network, ModelConfig config, TrainingOptions options, Device device)
    {
        ModelWeights.RequireFloat32(network);
        (this.network, Config, this.options, Device) = (network, config, options, device);
        optimizer = new AdamW(ModelWeights.Of(network), options.Rule, options.WeightDecay);
        LearningRate = options.LearningRate;
        if (options.Replicas <= 1) return;
        replicas = new Replicas(network, config, options, device);
        optimizer.ShareOut(replicas.Shares, replicas.RunAll);
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public long Steps { get; private set; }

    /// <inheritdoc/>
    public double LearningRate { get; set; }

    /// <inheritdoc/>
    public string Note { get; set; } = "";

    private protected Device Device { get; }

    /// <summary>The forward pass of a batch.</summary>
    private protected abstract ForwardResult Forward(IReadOnlyList<TSample> batch, Random? frames);

    /// <summary>The same and the backward pass, shared out among replicas.</summary>
    private protected abstract ForwardResult ForwardBackward(Replicas replicas, IReadOnlyList<TSample> batch, Random frames);

    /// <summary>One step: forward, backward, clipping, update.</summary>
    /// <exception cref="NotFiniteNumberException">The loss or a gradient is not a number any more; the weights are as before the step.</exception>
    /// <exception cref="ModelFormatException"><c>regions-mismatch</c>.</exception>
    public StepResult Step(IReadOnlyList<TSample> batch) => replicas is null ? StepHere(batch) : replicas.Conduct(() => StepHere(batch));

    /// <summary>The losses of a batch with the network as it would serve: no dropout, evenly chosen frames, no update.</summary>
    public StepResult Evaluate(IReadOnlyList<TSample> batch) => replicas is null ? EvaluateHere(batch) : replicas.Conduct(() => EvaluateHere(batch));

    /// <summary>Tensors that the threads of replicas have made and not freed.</summary>
    internal long LiveTensors() => replicas?.LiveTensors() ?? 0;

    private StepResult StepHere(IReadOnlyList<TSample> batch)
    {
        using var scope = NewDisposeScope();
        network.train();
        optimizer.ZeroGradients();
        using var precision = Autocast.Use(options.Precision);
        var result = ForwardBackward(batch);
        var norm = optimizer.ClipGradients(options.MaxGradientNorm);
        var values = Values(result, batch.Count, norm);
        if (!double.IsFinite(values.Loss) || !double.IsFinite(norm)) throw new NotFiniteNumberException($"Training diverged at step {Steps + 1}: the loss is {values.Loss}, the gradient's norm {norm}.", values.Loss);
        optimizer.Step(LearningRate);
        Steps++;
        return values;
    }

    private ForwardResult ForwardBackward(IReadOnlyList<TSample> batch)
    {
        var frames = new Random(unchecked((int)(StepSeed ^ (StepSeed >> 32))));
        if (replicas is not null) return replicas.Step(batch.Count, () => ForwardBackward(replicas, batch, frames));
        var result = Seeded(() => Forward(batch, frames));
        result.Total.backward();
        return result;
    }

    private ulong StepSeed => options.Seed * 1_000_003 + (ulong)Steps;

    /// <summary>Runs what draws random numbers, seeded for this step.</summary>
    private protected T Seeded<T>(Func<T> draw)
    {
        // Whoever makes a network meanwhile draws from the same generator.
        lock (DefaultGenerator.Gate)
        {
            manual_seed(unchecked((long)(StepSeed & long.MaxValue)));
            return draw();
        }
    }

    private StepResult EvaluateHere(IReadOnlyList<TSample> batch)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        network.eval();
        using var precision = Autocast.Use(options.Precision);
        return Values(Forward(batch, frames: null), batch.Count, 0);
    }

    /// <inheritdoc/>
    public void SaveModel(string directory, IReadOnlyList<string> vocabulary, IReadOnlyList<string>? answers = null) =>
        ModelDirectory.Save(directory, Config, network, vocabulary, answers);

    /// <inheritdoc/>
    public void SaveState(string path)
    {
        using var scope = NewDisposeScope();
        var tensors = ModelWeights.Of(network).Select(t => (ModelPrefix + t.Name, t.Value)).Concat(optimizer.Save().Select(t => (OptimizerPrefix + t.Name, t.Value)));
        Safetensors.Save(path, [.. tensors], new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["step"] = Steps.ToString(CultureInfo.InvariantCulture),
            ["learning_rate"] = LearningRate.ToString("R", CultureInfo.InvariantCulture),
            ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
            ["config"] = Config.ToJson(),
            [IModelTrainer.NoteKey] = Note,
        });
    }

    /// <inheritdoc/>
    public void RestoreState(string path)
    {
        using var scope = NewDisposeScope();
        var metadata = Safetensors.ReadMetadata(path);
        if (!metadata.TryGetValue("step", out var step) || !long.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var steps)
            || !metadata.TryGetValue("learning_rate", out var rate) || !double.TryParse(rate, NumberStyles.Float, CultureInfo.InvariantCulture, out var learningRate))
        {
            throw new ModelFormatException("training-state-mismatch", "The file is not a saved training state.");
        }
        var tensors = Safetensors.Load(path);
        ModelWeights.LoadStrictly(network, Part(ModelPrefix));
        optimizer.Restore(Part(OptimizerPrefix));
        (Steps, LearningRate, Note) = (steps, learningRate, metadata.GetValueOrDefault(IModelTrainer.NoteKey, ""));

        Dictionary<string, Tensor> Part(string prefix) => tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(t => t.Key[prefix.Length..], t => t.Value);
    }

    /// <summary>Frees the optimiser's history and the network.</summary>
    public void Dispose()
    {
        replicas?.Dispose();
        optimizer.Dispose();
        network.Dispose();
        GC.SuppressFinalize(this);
    }

    private static StepResult Values(ForwardResult result, int count, double norm) =>
        new(Number(result.Total), Number(result.Global), Number(result.Local), Number(result.Choice), Number(result.Correct) / count, norm);

    private static double Number(Tensor? scalar) => scalar is null ? 0 : scalar.to_type(ScalarType.Float64).item<double>();
}

/// <summary>Losses of a batch and how many of its samples came out right; scalars.</summary>
internal readonly record struct ForwardResult(Tensor Total, Tensor Correct, Tensor? Global = null, Tensor? Local = null, Tensor? Choice = null);
